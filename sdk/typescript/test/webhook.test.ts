import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { inspect } from "node:util";

import * as florin from "../dist/index.js";

// The vector that Standard Webhooks publishes for version v1, and what RFC 8032 gives for the same
// delivery and a key whose seed is 0, 1, 2, … 31. The other languages' tests have the same.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const at = 1614265330;
const body = '{"test": 2432232314}';
const v1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const publicKey = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
const v1a = "v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ==";

const both = [secret, publicKey];
const all = `${v1} ${v1a}`;
const otherSecret = `whsec_${Buffer.alloc(32, "o").toString("base64")}`;
const otherKey = "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="; // its seed is 32 zeros

type Delivered = { [name: string]: string | string[] | undefined };

const delivered = (id: string, timestamp: string | number, signature: string): Delivered => ({
  "webhook-id": id,
  "webhook-timestamp": String(timestamp),
  "webhook-signature": signature,
});
const vector = (...signatures: string[]): Delivered => delivered(id, at, signatures.join(" "));
const after = (milliseconds: number): florin.WebhookOptions => ({ now: new Date(at * 1000 + milliseconds) });

/** A v1 signature by a key's bytes. */
function sign(key: string, content: string): string {
  const raw = Buffer.from(key.slice(key.indexOf("_") + 1), "base64");
  return `v1,${createHmac("sha256", raw).update(content).digest("base64")}`;
}

async function failure(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    assert(error instanceof Error);
    return error;
  }
  throw new assert.AssertionError({ message: "the delivery is trusted" });
}

const old = sign(otherSecret, `${id}.${at}.${body}`);
const span = 300_000;

const trusted: [string, Delivered, string[], florin.WebhookOptions?][] = [
  ["the published vector", vector(v1), [secret]],
  ["Ed25519", vector(v1a), [publicKey]],
  ["both kinds, one key", vector(v1, v1a), [publicKey]],
  ["the last of the keys", vector(v1), [otherKey, otherSecret, secret]],
  ["rotation, the old secret", vector(v1, v1a, old), [otherSecret]],
  ["rotation, the new secret", vector(old, v1), [secret]],
  ["a version yet to come", vector("v2,!", "v1", "", v1), [secret]],
  ["100 signatures", vector(...Array<string>(99).fill(old), v1), [secret]],
  ["headers in any case", { "Webhook-Id": id, "WEBHOOK-TIMESTAMP": String(at), "webhook-Signature": [v1] }, [secret]],
  ["as old as allowed", vector(v1), [secret], after(span)],
  ["as new as allowed", vector(v1), [secret], after(-span)],
  ["older, which is allowed", vector(v1), [secret], { ...after(3_600_000), tolerance: 3_600_000 }],
];

for (const [name, headers, keys, options] of trusted) {
  test(`a webhook is trusted: ${name}`, async () => {
    const event = await florin.verifyWebhook(body, headers, keys, options ?? after(0));
    assert.equal((event as unknown as { test: number }).test, 2432232314);
  });
}

test("a webhook's body and headers come in several types", async () => {
  const buffer = Buffer.from(`??${body}`).subarray(2);
  const array = new TextEncoder().encode(body);
  const headers = vector(v1, v1a) as Record<string, string>;
  for (const raw of [body, buffer, array, array.buffer]) {
    for (const h of [headers, new Headers(headers), new Map(Object.entries(headers)), Object.entries(headers) as [string, string][]]) {
      await florin.verifyWebhook(raw, h, both, after(0));
    }
  }
});

test("a webhook's event", async () => {
  const related = { id: "pay_1", type: "payment", url: "/v1/payments/pay_1" };
  const event = { id: "evt_1", object: "event", sequence: 7, type: "payment.captured", created_at: "2026-01-02T03:04:05.678901Z", related };
  for (const data of [{ payment: { id: "pay_1", amount: 1999 } }, undefined, null]) {
    const raw = JSON.stringify({ ...event, data });
    const now = Math.floor(Date.now() / 1000);
    const read = await florin.verifyWebhook(raw, delivered("evt_1", now, sign(secret, `evt_1.${now}.${raw}`)), [secret]);
    assert.equal(read.id, "evt_1");
    assert.equal(read.sequence, 7);
    assert.equal(read.created_at.getTime(), Date.UTC(2026, 0, 2, 3, 4, 5, 678));
    assert.equal(read.related?.id, "pay_1");
    assert.deepEqual(read.data, data ?? null);
  }
});

test("a webhook by Node's server", async () => {
  let said: unknown;
  const server = createServer(async (request, response) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of request) {
      pieces.push(piece as Uint8Array);
    }
    said = await florin.verifyWebhook(Buffer.concat(pieces), request.headers, both, after(0)).catch((error: unknown) => error);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    await fetch(url, { method: "POST", body, headers: vector(v1) as Record<string, string> });
    assert.deepEqual((said as { test: number }).test, 2432232314);
    await fetch(url, { method: "POST", body, headers: [...Object.entries(vector(v1)), ["webhook-id", "2"]] as [string, string][] });
    assert.equal((said as florin.WebhookError).code, "webhook_header_invalid");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

const refused: [string, string, string, Delivered, string[]?, number?][] = [
  ["another body", "webhook_signature_mismatch", `${body} `, vector(all)],
  ["no body", "webhook_signature_mismatch", "", vector(all)],
  ["another id", "webhook_signature_mismatch", body, delivered("msg_2", at, all)],
  ["another second", "webhook_signature_mismatch", body, delivered(id, at + 1, all)],
  ["a zero before", "webhook_signature_mismatch", body, delivered(id, `0${at}`, all)],
  ["other keys", "webhook_signature_mismatch", body, vector(all), [otherSecret, otherKey]],
  ["only v1a for a secret", "webhook_signature_mismatch", body, vector(v1a), [secret]],
  ["only v1 for a public key", "webhook_signature_mismatch", body, vector(v1), [publicKey]],
  ["a MAC with the public key", "webhook_signature_mismatch", body, vector(sign(publicKey, `${id}.${at}.${body}`)), [publicKey]],
  ["the versions exchanged", "webhook_signature_mismatch", body, vector(`v1a${v1.slice(2)}`, `v1${v1a.slice(3)}`)],
  ["other versions", "webhook_signature_mismatch", body, vector(`v2${v1.slice(2)}`, `v2a${v1a.slice(3)}`)],
  ["a byte more", "webhook_signature_mismatch", body, vector("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OEA")],
  ["no versions", "webhook_signature_mismatch", body, vector(v1.slice(3), v1a.slice(4))],
  ["half signatures", "webhook_signature_mismatch", body, vector(v1.slice(0, 19), v1a.slice(0, 20))],
  ["empty signatures", "webhook_signature_mismatch", body, vector("v1,", "v1a,")],
  ["no base64", "webhook_signature_mismatch", body, vector("v1,\0\xff", "v1a,####", "v1,☃")],
  ["a line end in base64", "webhook_signature_mismatch", body, vector(`${v1.slice(0, 10)}\n${v1.slice(10)}`)],
  ["commas between", "webhook_signature_mismatch", body, vector(`${v1},${v1}`)],
  ["too old", "webhook_too_old", body, vector(all), both, span + 1],
  ["too new", "webhook_too_new", body, vector(all), both, -span - 1],
  ["1970", "webhook_too_old", body, delivered(id, 0, all)],
  ["in thousands", "webhook_too_new", body, delivered(id, "999999999999", all)],
  ["in milliseconds", "webhook_timestamp_invalid", body, delivered(id, at * 1000, all)],
  ["a fraction", "webhook_timestamp_invalid", body, delivered(id, `${at}.0`, all)],
  ["a sign", "webhook_timestamp_invalid", body, delivered(id, `+${at}`, all)],
  ["a space", "webhook_timestamp_invalid", body, delivered(id, ` ${at}`, all)],
  ["a line end", "webhook_timestamp_invalid", body, delivered(id, `${at}\n`, all)],
  ["a date", "webhook_timestamp_invalid", body, delivered(id, "2021-02-25", all)],
  ["other digits", "webhook_timestamp_invalid", body, delivered(id, "١٦", all)],
  ["no headers", "webhook_header_missing", body, {}],
  ["an empty id", "webhook_header_missing", body, delivered("", at, all)],
  ["an empty signature", "webhook_header_missing", body, delivered(id, at, "")],
  ["no timestamp", "webhook_header_missing", body, { ...vector(all), "webhook-timestamp": undefined }],
  ["two ids", "webhook_header_invalid", body, { ...vector(all), "webhook-id": [id, id] }],
  ["two ids, differently", "webhook_header_invalid", body, { ...vector(all), "Webhook-Id": "msg_2" }],
  ["a long id", "webhook_header_invalid", body, delivered("i".repeat(257), at, all)],
  ["a space in the id", "webhook_header_invalid", body, delivered("msg 1", at, all)],
  ["101 signatures", "webhook_header_invalid", body, vector(...Array<string>(100).fill("v1,"), v1)],
  ["a long signature", "webhook_header_invalid", body, vector(v1, "s".repeat(16 << 10))],
  ["a signed list", "webhook_event_invalid", "[]", vector(sign(secret, `${id}.${at}.[]`))],
  ["signed null", "webhook_event_invalid", "null", vector(sign(secret, `${id}.${at}.null`))],
  ["signed text", "webhook_event_invalid", "{", vector(sign(secret, `${id}.${at}.{`))],
];

for (const [name, code, raw, headers, keys = both, later = 0] of refused) {
  test(`a webhook is refused: ${name}`, async () => {
    const error = await failure(florin.verifyWebhook(raw, headers, keys, after(later)));
    assert(error instanceof florin.WebhookError, inspect(error));
    assert.equal(error.code, code);
    assert.equal(error.name, "WebhookError");
  });
}

const rest = secret.slice(6);
const badKeys: [string, unknown][] = [
  ["none", []],
  ["no array", secret],
  ["nothing", undefined],
  ["no text", [undefined]],
  ["empty", [""]],
  ["no prefix", [rest]],
  ["another prefix", [`whsk_${rest}`]],
  ["no base64", [`whsec_${rest.slice(0, 31)}!`]],
  ["of URLs", [`whsec_${"_-".repeat(16)}`]],
  ["a line end", [`${secret}\n`]],
  ["23 bytes", [`whsec_${Buffer.alloc(23).toString("base64")}`]],
  ["65 bytes", [`whsec_${Buffer.alloc(65).toString("base64")}`]],
  ["no padding", [publicKey.replace("=", "")]],
  ["bits to spare", [publicKey.replace("bg=", "bh=")]],
  ["a short key", [`whpk_${rest}`]],
  ["beside a good one", [secret, `whpk_${rest}`]],
];

// A mistake in the settings shows at the first delivery, whatever it is, and the key does not show.
for (const [name, keys] of badKeys) {
  test(`a webhook's keys are judged first: ${name}`, async () => {
    for (const headers of [vector(v1), {}]) {
      const error = await failure(florin.verifyWebhook(body, headers, keys as string[], after(0)));
      assert(error instanceof florin.InvalidRequestError, inspect(error));
      assert.equal(error.code, "webhook_key_invalid");
      assert(!inspect(error).includes(rest.slice(0, 8)));
    }
  });
}

test("a webhook's other arguments", async () => {
  for (const parsed of [JSON.parse(body), [1], null, undefined, 7]) {
    const error = await failure(florin.verifyWebhook(parsed as string, vector(v1), [secret], after(0)));
    assert(error instanceof TypeError);
    assert.match(error.message, /before anything reads it as JSON/);
  }
  for (const tolerance of [0, -1, NaN, Infinity, "300" as unknown as number]) {
    const error = await failure(florin.verifyWebhook(body, vector(v1), [secret], { ...after(0), tolerance }));
    assert.equal((error as florin.FlorinError).code, "webhook_tolerance_invalid");
  }
  assert((await failure(florin.verifyWebhook(body, vector(v1), [secret], { now: new Date(NaN) }))) instanceof TypeError);
});

test("a webhook's key that the platform's WebCrypto does not know", async (t) => {
  t.mock.method(crypto.subtle, "importKey", async () => {
    throw new DOMException("Unrecognized name.", "NotSupportedError");
  });
  const error = await failure(florin.verifyWebhook(body, vector(all), [publicKey], after(0)));
  assert(error instanceof florin.InvalidRequestError);
  assert.equal(error.code, "webhook_key_unsupported");
});
