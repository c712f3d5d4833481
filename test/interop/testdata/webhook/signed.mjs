// Deliveries that the library of Standard Webhooks signs, read by ours.
import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { verifyWebhook, WebhookError } from "./florin/index.js";

const secret = "whsec_" + Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
const other = "whsec_" + Buffer.alloc(64, 7).toString("base64");
const body = JSON.stringify({ id: "evt_1", object: "event", type: "payment.captured", data: { payment: { description: "Café ☃" } } });

/** The headers of a delivery that was signed by each of the secrets so long ago. */
function deliver(secrets, seconds = 0) {
  const at = new Date(Date.now() - seconds * 1000);
  return {
    "webhook-id": "evt_1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": secrets.map((s) => new Webhook(s).sign("evt_1", at, body)).join(" "),
  };
}

const code = (promise) => promise.then(() => "trusted", (error) => (error instanceof WebhookError ? error.code : error));

for (const headers of [deliver([secret]), deliver([other, secret])]) {
  const event = await verifyWebhook(Buffer.from(body), headers, [secret]);
  assert.equal(event.data.payment.description, "Café ☃");
  // Both libraries read the delivery in the same way.
  assert.equal(new Webhook(secret).verify(body, headers).id, event.id);
}
assert.equal(await code(verifyWebhook(body, deliver([other]), [secret])), "webhook_signature_mismatch");
assert.equal(await code(verifyWebhook(body + " ", deliver([secret]), [secret])), "webhook_signature_mismatch");
assert.equal(await code(verifyWebhook(body, deliver([secret], 400), [secret])), "webhook_too_old");
assert.equal(await code(verifyWebhook(body, deliver([secret], -400), [secret])), "webhook_too_new");
console.log("all held");
