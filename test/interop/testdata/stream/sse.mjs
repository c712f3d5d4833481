// undici's EventSource takes server-sent events and connects again by itself. It sets no header of
// its user's, so a dispatcher adds the credential; what the library gives up is begun anew.
import { Agent, EventSource } from "undici";
import { openStore } from "./store.mjs";

const { URL: server, KEY, STORE } = process.env;
const store = openStore(STORE);
const dispatcher = new Agent({ bodyTimeout: 0 }).compose((dispatch) => (options, handler) =>
  dispatch({ ...options, headers: withKey(options.headers) }, handler));

function withKey(headers) {
  return Array.isArray(headers) ? [...headers, "authorization", `Bearer ${KEY}`] : { ...headers, authorization: `Bearer ${KEY}` };
}

function connect() {
  const source = new EventSource(`${server}/v1/events/stream?after=${store.last}`, { node: { dispatcher } });
  source.onmessage = ({ data, lastEventId }) => {
    const event = JSON.parse(data);
    if (String(event.sequence) !== lastEventId) throw new Error(`${lastEventId} is the id of ${data}`);
    store.keep(event);
  };
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 50);
  };
}
connect();
setInterval(() => {}, 1 << 30); // the library's own timer keeps no process alive
