import { Ends, lines, type End } from "./ends.js";
import { family, InvalidRequestError, refusal, UnavailableError } from "./error.js";
import { read, type Shape } from "./shape.js";

/** This library's version, which the platform sees as part of User-Agent. */
export const version = "0.1.0";

/** What may differ from call to call. */
export interface CallOptions {
  /**
   * Names a call that creates something, so that it takes effect once however often it is sent,
   * also by another process: 1 to 255 printable ASCII characters. A random one if absent.
   */
  idempotencyKey?: string;
  /** Milliseconds for each try of the call; of an export, for each piece of it. */
  timeout?: number;
  /** How often the call is sent again at most; 0: never. */
  retries?: number;
  /** Ends the call with all its tries; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What a method asks for. */
export interface Call {
  readonly verb: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly params: object;
  /** An idempotency key makes it safe to repeat. */
  readonly creates?: boolean;
}

/** How calls are made. Tests change chance and sleep. */
export interface Settings {
  readonly base: string;
  readonly timeout: number;
  readonly retries: number;
  readonly fetch: typeof fetch;
  readonly chance: () => number;
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

/** Sends calls, and sends them again where that is safe and of use. */
export class Caller {
  readonly #key: string; // private to the language: no inspection prints it
  readonly #settings: Settings;

  constructor(key: string, settings: Settings) {
    this.#key = key;
    this.#settings = settings;
  }

  async send<T>(call: Call, shape: Shape, options: CallOptions): Promise<T> {
    const idempotencyKey = call.creates ? (options.idempotencyKey ?? randomKey()) : "";
    if (call.creates && !/^[ -~]{1,255}$/.test(idempotencyKey)) {
      throw new InvalidRequestError({ code: "idempotency_key_invalid", detail: "The Idempotency-Key must be 1 to 255 printable ASCII characters." });
    }
    const body = await this.#attempts(call, idempotencyKey, options, () => this.#once(call, idempotencyKey, options));
    return parse<T>(body, shape, idempotencyKey);
  }

  /**
   * Gives what an export holds, as it comes. Until it has begun it is sent again as any call; later
   * nobody but the caller knows what to do with a part.
   */
  async *stream<T>(call: Call, shape: Shape, options: CallOptions): AsyncGenerator<T, void, undefined> {
    const { answer, ends } = await this.#attempts(call, "", options, async () => {
      const ends = new Ends(options, this.#settings.timeout);
      let begun = false;
      try {
        const end = await this.#ask(call, "", "application/x-ndjson", ends);
        begun = "body" in end;
        return "body" in end ? { body: { answer: end.body, ends } } : end;
      } finally {
        if (!begun) {
          ends.close();
        }
      }
    });
    try {
      for await (const line of lines(answer, ends)) {
        yield parse<T>(line, shape, "");
      }
    } finally {
      ends.close(true);
    }
  }

  /** Makes the call until it is answered or it is of no use to go on. */
  async #attempts<T>(call: Call, idempotencyKey: string, options: CallOptions, once: () => Promise<End<T>>): Promise<T> {
    for (let tries = 0; ; tries++) {
      const end = await once();
      if ("body" in end) {
        return end.body;
      }
      const retryable = (end.facts.retryable ?? false) && (call.creates || call.verb !== "POST" || end.facts.status === 429);
      if (!retryable || tries >= (options.retries ?? this.#settings.retries)) {
        throw new end.family(end.facts, idempotencyKey, retryable);
      }
      await this.#settings.sleep(backoff(tries, end.facts.retryAfter ?? 0, this.#settings.chance), options.signal);
    }
  }

  /** Sends the call one time. */
  async #once(call: Call, idempotencyKey: string, options: CallOptions): Promise<End<string>> {
    const ends = new Ends(options, this.#settings.timeout);
    try {
      const end = await this.#ask(call, idempotencyKey, "application/json", ends);
      return "body" in end ? { body: await end.body.text() } : end;
    } catch (cause) {
      return ends.lost(cause);
    } finally {
      ends.close();
    }
  }

  /** Sends the call one time and reads of its answer the header, or all that a refusal says. */
  async #ask(call: Call, idempotencyKey: string, accept: string, ends: Ends): Promise<End<Response>> {
    const headers: Record<string, string> = {
      Authorization: `Bearer ${this.#key}`,
      Accept: accept,
      "User-Agent": `florin-typescript/${version}`,
    };
    const init: RequestInit = { method: call.verb, headers, redirect: "manual", signal: ends.signal };
    let url = this.#settings.base + call.path;
    if (call.verb === "POST") {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(call.params);
    } else {
      url += query(call.params);
    }
    if (idempotencyKey) {
      headers["Idempotency-Key"] = idempotencyKey;
    }
    try {
      const answer = await this.#settings.fetch(url, init);
      if (answer.ok) {
        return { body: answer };
      }
      return { facts: refusal(answer.status, answer.headers, await answer.text()), family: family(answer.status) };
    } catch (cause) {
      return ends.lost(cause);
    }
  }
}

function parse<T>(body: string, shape: Shape, idempotencyKey: string): T {
  try {
    return read(shape, JSON.parse(body)) as T;
  } catch (cause) {
    throw new UnavailableError({ status: 200, detail: "The answer could not be read.", cause }, idempotencyKey);
  }
}

/** An id as one part of a path. */
export function segment(id: string): string {
  if (typeof id !== "string" || id === "" || id === "." || id === "..") {
    throw new InvalidRequestError({ code: "invalid_request", detail: "The id of the object is missing." });
  }
  return encodeURIComponent(id);
}

/** Parameters as the platform reads them: a list repeats its name, a map gives each name in brackets. */
function query(params: object): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) {
      continue;
    }
    if (Array.isArray(value)) {
      value.forEach((x) => out.append(name, String(x)));
    } else if (value instanceof Date) {
      out.set(name, value.toISOString());
    } else if (typeof value === "object") {
      Object.entries(value).forEach(([key, x]) => out.set(`${name}[${key}]`, String(x)));
    } else {
      out.set(name, String(value));
    }
  }
  return out.size > 0 ? `?${out}` : "";
}

/** 128 random bits. crypto.randomUUID is missing in browsers where a page came without TLS. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");
}

const backoffFirst = 250;
const backoffMax = 8_000;
const retryAfterMax = 30_000; // longer is not waited for

/**
 * Milliseconds to wait after a try: a random part of a span that doubles each time, on top of what
 * the platform asked for.
 */
function backoff(tries: number, asked: number, chance: () => number): number {
  return Math.min(asked, retryAfterMax) + chance() * Math.min(backoffFirst * 2 ** tries, backoffMax);
}

/** Waits. Rejects with the signal's reason when it is aborted. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
