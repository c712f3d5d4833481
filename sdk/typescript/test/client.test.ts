import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";

import { Caller } from "../dist/call.js";
import * as florin from "../dist/index.js";
import { Resources } from "../dist/resources.gen.js";

const key = "fl_sandbox_unprintable";

type Answer = () => Response;

const answer = (status: number, body: string, headers: Record<string, string> = {}): Answer => () => new Response(body, { status, headers });
const problem = (code: string): string => JSON.stringify({ code, detail: "So it is.", request_id: "req_1" });
const lost: Answer = () => {
  throw new TypeError("fetch failed");
};
const paid = answer(200, '{"id":"pay_1","amount":5,"status":"succeeded"}');

/** A platform that plays answers one after another, the last one for ever. */
function play(...answers: Answer[]) {
  const seen: { url: string; init: RequestInit; headers: Headers }[] = [];
  const waits: number[] = [];
  const fetch = (async (url: string, init: RequestInit) => {
    init.signal?.throwIfAborted();
    seen.push({ url, init, headers: new Headers(init.headers) });
    return answers[Math.min(seen.length, answers.length) - 1]!();
  }) as unknown as typeof globalThis.fetch;
  const sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    waits.push(milliseconds);
    signal?.throwIfAborted();
  };
  const client = new Resources(new Caller(key, { base: "http://x", timeout: 1000, retries: 3, fetch, chance: () => 0.5, sleep }));
  return { client, seen, waits, fetch };
}

async function failure(call: Promise<unknown>): Promise<florin.FlorinError> {
  try {
    await call;
  } catch (error) {
    assert(error instanceof florin.FlorinError, inspect(error));
    return error;
  }
  throw new assert.AssertionError({ message: "the call succeeded" });
}

const create = (c: Resources): Promise<unknown> => c.payments.create({ amount: 5, currency: "USD" });
const get = (c: Resources): Promise<unknown> => c.payments.get("pay_1");
const endKey = (c: Resources): Promise<unknown> => c.apiKeys.revoke("key_1");

const cases: [string, (c: Resources) => Promise<unknown>, Answer, boolean, typeof florin.FlorinError][] = [
  ["a lost answer", create, lost, true, florin.NetworkError],
  ["a lost answer to a read", get, lost, true, florin.NetworkError],
  ["a lost answer to what cannot be repeated", endKey, lost, false, florin.NetworkError],
  ["the same key is still running", create, answer(409, problem("idempotency_key_in_use")), true, florin.ConflictError],
  ["the payment is busy", create, answer(409, problem("payment_busy")), true, florin.ConflictError],
  ["another conflict", create, answer(409, problem("payment_state")), false, florin.ConflictError],
  ["too fast", create, answer(429, problem("rate_limited")), true, florin.RateLimitError],
  ["too fast for what cannot be repeated", endKey, answer(429, problem("rate_limited")), true, florin.RateLimitError],
  ["unavailable", create, answer(503, problem("overloaded")), true, florin.UnavailableError],
  ["unavailable for what cannot be repeated", endKey, answer(503, problem("overloaded")), false, florin.UnavailableError],
  ["a gateway", create, answer(502, "<html>"), true, florin.UnavailableError],
  ["broken", create, answer(500, problem("internal")), false, florin.UnavailableError],
  ["invalid", create, answer(400, problem("invalid_request")), false, florin.InvalidRequestError],
  ["a used key", create, answer(422, problem("idempotency_key_reused")), false, florin.InvalidRequestError],
  ["no key", create, answer(401, problem("credentials_invalid")), false, florin.AuthenticationError],
  ["no scope", create, answer(403, problem("scope_missing")), false, florin.AuthenticationError],
  ["declined", create, answer(402, problem("card_declined")), false, florin.RefusedError],
  ["not there", get, answer(404, problem("not_found")), false, florin.NotFoundError],
  ["the rail", create, answer(424, problem("rail_refused")), false, florin.RailError],
  ["sent elsewhere", create, answer(307, ""), false, florin.UnavailableError],
  ["no JSON", create, answer(200, "<html>"), false, florin.UnavailableError],
];

for (const [name, call, first, again, family] of cases) {
  test(`retries: ${name}`, async () => {
    const once = play(first, paid);
    if (again) {
      await call(once.client);
    } else {
      assert((await failure(call(once.client))) instanceof family);
    }
    assert.equal(once.seen.length, again ? 2 : 1);

    const always = play(first);
    const error = await failure(call(always.client));
    assert.equal(error.constructor, family);
    assert.equal(error.name, family.name);
    assert.equal(error.retryable, again);
    assert.equal(always.seen.length, again ? 4 : 1);
  });
}

test("one key through all tries", async () => {
  const p = play(answer(503, problem("overloaded")), lost, paid);
  await create(p.client);
  await create(p.client);
  const keys = p.seen.map((s) => s.headers.get("idempotency-key"));
  assert.equal(keys.length, 4);
  assert.match(keys[0]!, /^[0-9a-f]{32}$/);
  assert.deepEqual(new Set(keys.slice(0, 3)).size, 1);
  assert.notEqual(keys[3], keys[0]);

  const q = play(answer(503, problem("overloaded")));
  const error = await failure(q.client.payments.create({ amount: 5, currency: "USD" }, { idempotencyKey: "order-7", retries: 0 }));
  assert.equal(error.idempotencyKey, "order-7");
  assert.equal(q.seen[0]!.headers.get("idempotency-key"), "order-7");
  await failure(q.client.payments.get("pay_1", {}, { retries: 0 }));
  assert.equal(q.seen[1]!.headers.get("idempotency-key"), null);
  const bad = await failure(q.client.payments.create({ amount: 5, currency: "USD" }, { idempotencyKey: "a\nb" }));
  assert(bad instanceof florin.InvalidRequestError);
  assert.equal(q.seen.length, 2);
});

test("backoff", async () => {
  const p = play(answer(503, problem("overloaded")));
  await failure(p.client.payments.get("pay_1", {}, { retries: 7 }));
  assert.deepEqual(p.waits, [125, 250, 500, 1000, 2000, 4000, 4000]);
  for (const [after, want] of [["2", 2125], ["3600", 30125], ["soon", 125], ["-1", 125]] as const) {
    const q = play(answer(503, problem("overloaded"), { "Retry-After": after }), paid);
    await get(q.client);
    assert.deepEqual(q.waits, [want], after);
  }
});

test("errors tell", async () => {
  const declined = { code: "card_declined", detail: "The card was declined.", decline_code: "expired_card", advice: "check_card_data", object_id: "pay_9", request_id: "req_9" };
  const e = await failure(create(play(answer(402, JSON.stringify(declined))).client));
  assert.deepEqual([e.status, e.declineCode, e.advice, e.objectId, e.requestId], [402, "expired_card", "check_card_data", "pay_9", "req_9"]);
  assert.equal(e.message, "card_declined: The card was declined. (expired_card, check_card_data) [req_9]");
  const places = '{"code":"invalid_request","errors":[{"pointer":"/currency","code":"pattern","detail":"Three capitals."}]}';
  const f = await failure(create(play(answer(400, places, { "Request-Id": "req_7" })).client));
  assert.deepEqual([f.fields[0]?.pointer, f.requestId], ["/currency", "req_7"]);
});

test("an abort ends the call with all its tries", async () => {
  const stop = new AbortController();
  const p = play(() => {
    stop.abort(new Error("enough"));
    return answer(503, problem("overloaded"))();
  });
  await assert.rejects(p.client.payments.create({ amount: 5, currency: "USD" }, { signal: stop.signal }), { message: "enough" });
  await assert.rejects(p.client.payments.create({ amount: 5, currency: "USD" }, { signal: stop.signal }), { message: "enough" });
  assert.equal(p.seen.length, 1);
});

test("nothing shows secrets", async () => {
  const { fetch } = play(lost);
  const client = new florin.Florin("http://x", key, { fetch, retries: 1 });
  const error = await failure(client.payments.create({ amount: 5, currency: "USD", card_number: "4242424242424242", cvv: "nine-eight-seven" }, { retries: 0 }));
  const seen = [client, client.payments, error].map((x) => inspect(x, { depth: 9, showHidden: true }) + JSON.stringify(x) + String(x)).join();
  for (const secret of [key, "4242424242424242", "nine-eight-seven"]) {
    assert(!seen.includes(secret), `${secret} in ${seen}`);
  }
  for (const bad of ["", `${key}\n`, `${key} x`, "ключ"]) {
    assert.throws(() => new florin.Florin("http://x", bad), (e: Error) => e instanceof TypeError && !e.message.includes(key));
  }
  for (const bad of ["", "127.0.0.1:80", "ftp://x", "http://user:pass@x", "https://x?y=z"]) {
    assert.throws(() => new florin.Florin(bad, key), TypeError);
  }
});

test("answers of newer platforms", async () => {
  const body = `{"id":"pay_1","amount":"9007199254740993","status":"resting","mood":{"good":true},"card":{"brand":"visa","colour":"blue"},
    "failure":null,"expires_at":null,"created_at":"2026-01-02T03:04:05.000006Z","metadata":{"a":"b"}}`;
  const p = await play(answer(200, body)).client.payments.get("pay_1");
  const { created_at, ...rest } = p;
  assert.equal(created_at.toISOString(), "2026-01-02T03:04:05.000Z");
  assert.deepEqual(rest as unknown, {
    id: "pay_1", amount: 9007199254740993n, status: "resting", mood: { good: true }, card: { brand: "visa", colour: "blue" },
    failure: null, expires_at: null, metadata: { a: "b" },
  });
});

test("what is sent", async () => {
  const p = play(answer(200, "{}"));
  await p.client.accounts.get("a/b?c", { at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)) });
  await p.client.wallets.limit("wal_1", { limit_per_day: 0 });
  await p.client.payments.cancel("pay_1");
  await p.client.refunds.create({ payment: "pay_1", amount: 0 }); // a sum that came to nothing is not "all"
  await p.client.payments.list({ limit: 3, status: ["a", "b"], metadata: { k: "v" }, ending_before: undefined } as object).page().catch(() => undefined);
  assert.deepEqual(p.seen.map((s) => [s.init.method, s.url, s.init.body]), [
    ["GET", "http://x/v1/accounts/a%2Fb%3Fc?at=2026-01-02T03%3A04%3A05.000Z", undefined],
    ["POST", "http://x/v1/wallets/wal_1/limits", '{"limit_per_day":0}'],
    ["POST", "http://x/v1/payments/pay_1/cancel", "{}"],
    ["POST", "http://x/v1/refunds", '{"payment":"pay_1","amount":0}'],
    ["GET", "http://x/v1/payments?limit=3&status=a&status=b&metadata%5Bk%5D=v", undefined],
  ]);
  assert.equal(p.seen[0]!.headers.get("authorization"), `Bearer ${key}`);
  assert.equal(p.seen[0]!.headers.get("user-agent"), `florin-typescript/${florin.version}`);
  for (const id of ["", ".", ".."]) {
    assert.throws(() => p.client.payments.get(id), florin.InvalidRequestError);
  }
});

test("a walk ends with the first error", async () => {
  const p = play(answer(200, '{"data":[{"id":"pay_2"},{"id":"pay_1"}],"has_more":true}'), answer(404, problem("not_found")));
  const ids: string[] = [];
  const walk = async (): Promise<void> => {
    for await (const payment of p.client.payments.list({ limit: 2 })) {
      ids.push(payment.id);
    }
  };
  assert((await failure(walk())) instanceof florin.NotFoundError);
  assert.deepEqual(ids, ["pay_2", "pay_1"]);
  assert.equal(p.seen[1]!.url, "http://x/v1/payments?limit=2&starting_after=pay_1");
});

test("an empty page with more behind", async () => {
  const p = play(
    answer(200, '{"data":[],"has_more":true,"next_cursor":"pay_5"}'),
    answer(200, '{"data":[{"id":"pay_4"}],"has_more":true,"next_cursor":"pay_3"}'),
    answer(200, '{"data":[],"has_more":false,"next_cursor":""}'),
  );
  const ids: string[] = [];
  for await (const payment of p.client.payments.list({ ending_before: "pay_9" })) {
    ids.push(payment.id);
  }
  assert.deepEqual(ids, ["pay_4"]);
  assert.deepEqual(p.seen.map((s) => s.url.split("=")[1]), ["pay_9", "pay_5", "pay_3"]);
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Plays n payments, in pieces that know nothing of lines, and then something else. */
function told(n: number, then: (to: ReadableStreamDefaultController<Uint8Array>) => void, gone?: () => void): Answer {
  return () => {
    const text = bytes(Array.from({ length: n }, (_, i) => `{"id":"pay_${i}","amount":${i},"description":"Café","created_at":"2026-01-31T08:30:00.000001Z"}\n`).join(""));
    let at = 0;
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(to) {
          if (at < text.length) {
            to.enqueue(text.slice(at, (at += 7)));
          } else {
            then(to);
          }
        },
        cancel: () => gone?.(),
      }),
    );
  };
}

/** Counts the payments of an export, and gives its error. */
async function exported(c: Resources, options: florin.CallOptions = {}): Promise<{ n: number; error?: unknown }> {
  let n = 0;
  try {
    for await (const p of c.exports.payments({ currency: "USD" }, options)) {
      assert.equal(p.amount, n);
      assert.equal(p.description, "Café");
      assert(p.created_at instanceof Date);
      n++;
    }
  } catch (error) {
    return { n, error };
  }
  return { n };
}

test("an export", async () => {
  const p = play(answer(503, problem("overloaded")), lost, told(300, (to) => to.close()));
  assert.deepEqual(await exported(p.client), { n: 300 });
  assert.equal(p.seen.length, 3);
  assert.equal(p.seen[2]!.url, "http://x/v1/exports/payments?currency=USD");
  assert.equal(p.seen[2]!.headers.get("accept"), "application/x-ndjson");
  assert.deepEqual(await exported(play(told(0, (to) => to.close())).client), { n: 0 });
});

const brokenExports: [string, Answer, number, typeof florin.FlorinError][] = [
  ["refused", answer(403, problem("scope_missing")), 0, florin.AuthenticationError],
  ["no JSON", told(2, (to) => (to.enqueue(bytes("<html>\n")), to.close())), 2, florin.UnavailableError],
  ["broken off", told(2, (to) => to.error(new TypeError("terminated"))), 2, florin.NetworkError],
  ["half a line", told(2, (to) => (to.enqueue(bytes('{"id":"pay_2"')), to.close())), 2, florin.NetworkError],
];

for (const [name, first, n, family] of brokenExports) {
  test(`an export: ${name}`, async () => {
    const p = play(first);
    const end = await exported(p.client);
    assert.equal(end.n, n);
    assert(end.error instanceof family, inspect(end.error));
    assert.equal(p.seen.length, 1);
    assert(!inspect(end.error).includes(key));
  });
}

test("who stops reading ends an export", async () => {
  let gone = false;
  const p = play(told(3, () => undefined, () => (gone = true)));
  for await (const payment of p.client.exports.payments()) {
    if (payment.amount === 2) {
      break;
    }
  }
  assert.equal(gone || p.seen[0]!.init.signal!.aborted, true);

  const abort = new AbortController();
  const q = play(told(3, (to) => (abort.abort(new Error("enough")), to.error(abort.signal.reason))));
  const end = await exported(q.client, { signal: abort.signal });
  assert.equal(end.n, 3);
  assert.equal((end.error as Error).message, "enough");
});
