// These tests talk to a real platform; make interop in the repository's root starts one, with
// machines in front of it that fail.
import assert from "node:assert/strict";
import { test } from "node:test";

import * as florin from "../dist/index.js";

function platform(variable = "FLORIN_URL", options: florin.ClientOptions = {}): florin.Florin {
  return new florin.Florin(process.env[variable]!, process.env["FLORIN_KEY"]!, options);
}

const options = { skip: process.env["FLORIN_URL"] ? false : "FLORIN_URL names no platform" };

test("a card payment and its refund", options, async () => {
  const c = platform();
  const p = await c.payments.create({
    amount: 1999, currency: "USD", card_number: "4242424242424242", expiry_date: "12/99", cvv: "123", metadata: { order: "7" },
  });
  assert.deepEqual([p.status, p.amount_captured, p.card?.last4, p.metadata["order"]], ["succeeded", 1999, "4242", "7"]);
  assert(p.created_at instanceof Date);
  assert.equal(p.expires_at, null);
  const r = await c.refunds.create({ payment: p.id, amount: 999 });
  assert.deepEqual([r.status, r.amount], ["succeeded", 999]);
  assert.equal((await c.payments.get(p.id)).amount_refunded, 999);
});

test("a decline, and other refusals", options, async () => {
  const c = platform();
  const e: unknown = await c.payments.create({ amount: 100, currency: "USD", source: "tok_insufficient_funds" }).catch((error: unknown) => error);
  assert(e instanceof florin.RefusedError);
  assert.deepEqual([e.code, e.declineCode, e.advice], ["card_declined", "insufficient_funds", "retry_later"]);
  const p = await c.payments.get(e.objectId);
  assert.deepEqual([p.status, p.failure?.decline_code], ["failed", "insufficient_funds"]);
  await assert.rejects(c.payments.create({ amount: 0, currency: "usd" }), (e: unknown) => e instanceof florin.InvalidRequestError && e.fields.length >= 2);
  await assert.rejects(c.payments.get("pay_nothing"), florin.NotFoundError);
});

test("a capture", options, async () => {
  const c = platform();
  let p = await c.payments.create({ amount: 500, currency: "USD", source: "tok_visa", capture: "manual" });
  assert.deepEqual([p.status, p.amount_capturable], ["requires_capture", 500]);
  p = await c.payments.capture(p.id, { amount: 300 });
  assert.deepEqual([p.status, p.amount_captured], ["succeeded", 300]);
  await assert.rejects(c.payments.cancel(p.id), florin.ConflictError);
});

test("a wallet pays", options, async () => {
  const c = platform();
  const payer = await c.payers.create({ name: "Ada" });
  const w = await c.wallets.create({ payer: payer.id, currency: "USD" });
  await c.wallets.topUp(w.id, { amount: 1000, source: "tok_visa" });
  await c.payments.create({ amount: 400, currency: "USD", source: w.id });
  assert.equal((await c.wallets.get(w.id)).available, 600);
});

test("the same key pays once", options, async () => {
  const c = platform();
  const idempotencyKey = `ts-${new Date().toISOString()}`;
  const order = { amount: 100, currency: "USD", source: "tok_visa" };
  const [first, second] = [await c.payments.create(order, { idempotencyKey }), await c.payments.create(order, { idempotencyKey })];
  assert.equal(first.id, second.id);
  await assert.rejects(c.payments.create({ ...order, amount: 200 }, { idempotencyKey }), florin.InvalidRequestError);
});

test("lists in both directions", options, async () => {
  const c = platform();
  const payer = (await c.payers.create({ name: "Bo" })).id;
  const made: string[] = [];
  for (let i = 0; i < 5; i++) {
    made.push((await c.wallets.create({ payer, currency: "USD" })).id);
  }
  const walk = async (params: florin.ListWallets): Promise<string[]> => {
    const ids: string[] = [];
    for await (const w of c.wallets.list({ payer, limit: 2, ...params })) {
      ids.push(w.id);
    }
    return ids;
  };
  assert.deepEqual(await walk({ ending_before: made[0] }), made.slice(1));
  assert.deepEqual(await walk({}), made.toReversed());
  const page = await c.wallets.list({ payer, limit: 2 }).page();
  assert.deepEqual([page.data.length, page.has_more, page.data[0]?.id], [2, true, made[4]]);
});

for (const variable of ["FLORIN_DROP_URL", "FLORIN_BUSY_URL", "FLORIN_HANG_URL"]) {
  test(`a fault between, and one effect: ${variable}`, options, async () => {
    const c = platform(variable, { timeout: 2000 });
    const payer = await c.payers.create({ name: variable });
    const w = await c.wallets.create({ payer: payer.id, currency: "USD" });
    await c.wallets.topUp(w.id, { amount: 1000, source: "tok_visa" });
    assert.equal((await c.wallets.get(w.id)).balance, 1000);
    const key = await c.apiKeys.create({ scopes: ["payments:read"] });
    assert.ok(key.secret?.startsWith(key.prefix), "the secret of a lost answer");
    await assert.rejects(c.apiKeys.revoke(key.id), (e: unknown) => e instanceof florin.FlorinError && !e.retryable);
  });
}

test("an abort while it hangs", options, async () => {
  const call = platform("FLORIN_HANG_URL").payments.create({ amount: 100, currency: "USD", source: "tok_visa" }, { signal: AbortSignal.timeout(300) });
  await assert.rejects(call, { name: "TimeoutError" });
});
