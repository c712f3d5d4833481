import { InvalidRequestError, WebhookError } from "./error.js";
import { read } from "./shape.js";
import { eventShape } from "./shapes.gen.js";
import type { Event } from "./types.gen.js";

/** How a delivery is judged. */
export interface WebhookOptions {
  /** Milliseconds that the timestamp may be from now, either way; 5 minutes if absent. */
  tolerance?: number;
  /** Judges the timestamp as if it were now that instant: for tests, and for deliveries that were kept. */
  now?: Date;
}

/** Headers as fetch has them, and as Node's servers have them. */
export type WebhookHeaders =
  | Iterable<readonly [string, string]>
  | { readonly [name: string]: string | readonly string[] | undefined };

// What a delivery may bring: whoever finds the URL can send one, and each signature is work.
const signatureMax = 16 << 10; // characters of the header; 100 signatures have 9300
const signaturesMax = 100;

/**
 * Says whether a delivery is the platform's, and gives its event. A thin event has no data.
 *
 * body is the request's body as it came: JSON that was read and written anew has other bytes. keys
 * are secrets (whsec_…) and public keys (whpk_…) of the endpoint; a signature of any of them is
 * enough, so that old and new overlap in a rotation.
 *
 * Rejects with a WebhookError if the delivery cannot be trusted, with the code
 * webhook_header_missing, webhook_header_invalid, webhook_timestamp_invalid, webhook_too_old,
 * webhook_too_new, webhook_signature_mismatch or webhook_event_invalid; with an InvalidRequestError if
 * a key or the tolerance cannot be used, whatever was delivered (webhook_key_invalid,
 * webhook_key_unsupported, webhook_tolerance_invalid); with a TypeError if body is not what came.
 *
 * A delivery can come more than once: its header webhook-id is the same each time.
 */
export async function verifyWebhook(
  body: string | Uint8Array | ArrayBuffer,
  headers: WebhookHeaders,
  keys: readonly string[],
  options: WebhookOptions = {},
): Promise<Event> {
  const { tolerance = 300_000, now = new Date() } = options;
  if (!Number.isFinite(tolerance) || tolerance <= 0) {
    throw new InvalidRequestError({ code: "webhook_tolerance_invalid", detail: "The tolerance must be a number of milliseconds above 0." });
  }
  const raw = bytesOf(body);
  const known = readKeys(keys);
  const delivery = readDelivery(headers);
  fresh(delivery.timestamp, now, tolerance);
  if (!(await signed(delivery, raw, known))) {
    const detail = "No signature is of this delivery by one of the keys. Pass the body's bytes as they came, and the keys of this endpoint.";
    throw new WebhookError({ code: "webhook_signature_mismatch", detail });
  }
  return readEvent(raw);
}

function bytesOf(body: unknown): Uint8Array {
  if (typeof body === "string") {
    return new TextEncoder().encode(body);
  }
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  }
  if (Object.prototype.toString.call(body) === "[object ArrayBuffer]") {
    return new Uint8Array(body as ArrayBuffer);
  }
  throw new TypeError("The body must be a string, a Uint8Array or an ArrayBuffer: what came, before anything reads it as JSON");
}

/** A secret or a public key; version is of the signatures that it is for. */
interface Key {
  readonly version: "v1" | "v1a";
  readonly raw: Uint8Array<ArrayBuffer>;
}

/** Reads keys from text. An error tells the place and not the key. */
function readKeys(texts: readonly string[]): Key[] {
  if (!Array.isArray(texts) || texts.length === 0) {
    const detail = "There is no array of keys. Pass the secret (whsec_…) or the public key (whpk_…) of the endpoint in one.";
    throw new InvalidRequestError({ code: "webhook_key_invalid", detail });
  }
  return texts.map((text: unknown, i) => {
    const [, kind, rest] = (typeof text === "string" && /^(whsec|whpk)_(.*)$/s.exec(text)) || [];
    const raw = fromBase64(rest ?? "");
    if (kind === "whsec" && raw && raw.length >= 24 && raw.length <= 64) {
      return { version: "v1", raw };
    }
    if (kind === "whpk" && raw?.length === 32) {
      return { version: "v1a", raw };
    }
    const detail =
      `Key ${i + 1} of ${texts.length} is neither whsec_ with the base64 of 24 to 64 bytes nor whpk_ with that of 32. ` +
      "Copy it whole, without quotes and spaces.";
    throw new InvalidRequestError({ code: "webhook_key_invalid", detail });
  });
}

/** What the headers of a delivery say. */
interface Delivery {
  readonly id: string;
  readonly timestamp: string;
  readonly signatures: string;
}

function readDelivery(headers: WebhookHeaders): Delivery {
  const found = new Map<string, string[]>();
  const pairs = Symbol.iterator in headers ? (headers as Iterable<readonly [string, string]>) : Object.entries(headers);
  for (const [name, value] of pairs) {
    if (value !== undefined) {
      const key = name.toLowerCase();
      found.set(key, (found.get(key) ?? []).concat(value));
    }
  }
  const one = (name: string): string => {
    const [value, more] = found.get(name) ?? [];
    if (more !== undefined) {
      throw new WebhookError({ code: "webhook_header_invalid", detail: `The header ${name} is there more than once.` });
    }
    if (!value) {
      throw new WebhookError({ code: "webhook_header_missing", detail: `The header ${name} is missing. Pass all headers of the request.` });
    }
    return value;
  };
  const delivery = { id: one("webhook-id"), timestamp: one("webhook-timestamp"), signatures: one("webhook-signature") };
  if (!/^[!-~]{1,256}$/.test(delivery.id)) {
    const detail = "The header webhook-id is not 1 to 256 printable ASCII characters without spaces.";
    throw new WebhookError({ code: "webhook_header_invalid", detail });
  }
  if (delivery.signatures.length > signatureMax || delivery.signatures.split(" ").length > signaturesMax) {
    const detail = "The header webhook-signature has more than 100 signatures or 16384 characters.";
    throw new WebhookError({ code: "webhook_header_invalid", detail });
  }
  return delivery;
}

/** Refuses what was signed too far from now. */
function fresh(timestamp: string, now: Date, tolerance: number): void {
  if (!/^[0-9]{1,12}$/.test(timestamp)) {
    const detail = "The header webhook-timestamp is not a whole number of seconds since 1970.";
    throw new WebhookError({ code: "webhook_timestamp_invalid", detail });
  }
  const age = now.getTime() - Number(timestamp) * 1000;
  if (Number.isNaN(age)) {
    throw new TypeError("now must be a valid Date"); // nothing is too old or too new for it
  }
  if (age > tolerance) {
    const detail = `The delivery was signed more than ${tolerance / 1000} s ago. It is a copy of an old one, or this machine's clock is ahead.`;
    throw new WebhookError({ code: "webhook_too_old", detail });
  }
  if (age < -tolerance) {
    const detail = `The delivery was signed more than ${tolerance / 1000} s from now. This machine's clock is behind.`;
    throw new WebhookError({ code: "webhook_too_new", detail });
  }
}

/**
 * Says whether one of the signatures is of the body by one of the keys. Versions that are not known
 * are passed over: a platform may add some.
 */
async function signed(delivery: Delivery, body: Uint8Array, keys: readonly Key[]): Promise<boolean> {
  const head = new TextEncoder().encode(`${delivery.id}.${delivery.timestamp}.`);
  const content = new Uint8Array(head.length + body.length);
  content.set(head);
  content.set(body, head.length);
  for (const key of keys) {
    const matches = await matcher(key, content);
    for (const text of delivery.signatures.split(" ")) {
      const signature = text.startsWith(`${key.version},`) && fromBase64(text.slice(key.version.length + 1));
      if (signature && (await matches(signature))) {
        return true;
      }
    }
  }
  return false;
}

type Matches = (signature: Uint8Array<ArrayBuffer>) => boolean | Promise<boolean>;

/** Gives what says whether a signature is of the content by a key. It takes equally long for every wrong one. */
async function matcher({ version, raw }: Key, content: Uint8Array<ArrayBuffer>): Promise<Matches> {
  if (version === "v1a") {
    const key = await importKey(raw, "Ed25519", "verify");
    return (signature) => crypto.subtle.verify("Ed25519", key, signature, content);
  }
  // Signed once, however many signatures there are: verify would do it for each.
  const key = await importKey(raw, { name: "HMAC", hash: "SHA-256" }, "sign");
  const want = new Uint8Array(await crypto.subtle.sign("HMAC", key, content));
  return (signature) => signature.length === want.length && want.reduce((other, byte, i) => other | (byte ^ signature[i]!), 0) === 0;
}

async function importKey(raw: Uint8Array<ArrayBuffer>, how: "Ed25519" | HmacImportParams, use: "sign" | "verify"): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("raw", raw, how, false, [use]);
  } catch (cause) {
    const detail = "WebCrypto cannot use this kind of key here. Secrets (whsec_…) need HMAC, public keys (whpk_…) need Ed25519, as Node 20 has them.";
    throw new InvalidRequestError({ code: "webhook_key_unsupported", detail, cause });
  }
}

function readEvent(body: Uint8Array): Event {
  let value: unknown;
  let cause: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return read(eventShape, { data: null, request: null, related: null, ...value }) as Event;
    }
  } catch (error) {
    cause = error;
  }
  throw new WebhookError({ code: "webhook_event_invalid", detail: "The body is signed and is no event.", cause });
}

/** Reads standard base64 in the one way to write it: atob passes over spaces, and a key with some was not copied well. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const raw = atob(text);
    return btoa(raw) === text ? Uint8Array.from(raw, (c) => c.charCodeAt(0)) : undefined;
  } catch {
    return undefined;
  }
}
