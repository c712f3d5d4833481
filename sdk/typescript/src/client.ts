import { Caller, sleep, type Settings } from "./call.js";
import { Resources } from "./resources.gen.js";

/** What holds for all calls of a client. */
export interface ClientOptions {
  /** Milliseconds for each try; 35 s if absent: the platform gives up after 30 s and says so. */
  timeout?: number;
  /** How often a call is sent again at most; 3 if absent. */
  retries?: number;
  /** Another fetch, for a proxy or for tracing. It must honour redirect and signal. */
  fetch?: typeof fetch;
}

/** Calls one platform with one API key, which no inspection of the client shows. */
export class Florin extends Resources {
  /** baseUrl is the platform's URL, such as "https://pay.example.org". Throws a TypeError if it or the key cannot be used. */
  constructor(baseUrl: string, apiKey: string, options: ClientOptions = {}) {
    super(new Caller(fitKey(apiKey), settings(baseUrl, options)));
  }
}

function settings(baseUrl: string, options: ClientOptions): Settings {
  return {
    base: fitUrl(baseUrl),
    timeout: options.timeout ?? 35_000,
    retries: options.retries ?? 3,
    fetch: options.fetch ?? ((...args) => fetch(...args)),
    chance: Math.random,
    sleep,
  };
}

function fitUrl(text: string): string {
  const bad = new TypeError("The base URL must look like https://pay.example.org");
  if (!URL.canParse(text)) {
    throw bad;
  }
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    throw bad;
  }
  return url.href.replace(/\/+$/, "");
}

// fetch would put a key that cannot stand in a header into its error.
function fitKey(key: string): string {
  if (typeof key !== "string" || !/^[!-~]+$/.test(key)) {
    throw new TypeError("The API key must be printable ASCII without spaces");
  }
  return key;
}
