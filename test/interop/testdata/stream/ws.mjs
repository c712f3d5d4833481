// The library ws takes messages from the WebSocket, and goes on after the last whenever it ends.
import WebSocket from "ws";
import { openStore } from "./store.mjs";

const { URL: server, KEY, STORE } = process.env;
const store = openStore(STORE);

function connect() {
  const address = `${server.replace("http", "ws")}/v1/events/stream?after=${store.last}`;
  const socket = new WebSocket(address, ["florin.v1"], { headers: { Authorization: `Bearer ${KEY}` } });
  socket.on("message", (text) => store.keep(JSON.parse(text)));
  socket.on("error", () => {}); // the close that follows says enough
  socket.on("close", () => setTimeout(connect, 50));
}
connect();
