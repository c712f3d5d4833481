// An endpoint that holds each delivery to the library of Standard Webhooks, and says in REPORT what
// it found. KEYS has a line for each secret that it trusts now, and its public key. Of the
// deliveries every third is answered with 500 when it first comes.
import { createPublicKey, verify } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const { KEYS, REPORT } = process.env;
const report = (found) => appendFileSync(REPORT, JSON.stringify(found) + "\n");
const seen = new Set();

function verifies(secret, body, headers) {
  try {
    return new Webhook(secret).verify(body, headers).object === "event";
  } catch (error) {
    if (error instanceof WebhookVerificationError) return false;
    throw error;
  }
}

/** The "v1a" signatures, which the library passes over. */
function signed(text, body, headers) {
  const x = Buffer.from(text.replace("whpk_", ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const content = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return headers["webhook-signature"].split(" ").some((one) => {
    const [version, signature] = one.split(",");
    return version === "v1a" && verify(null, Buffer.from(content), key, Buffer.from(signature, "base64"));
  });
}

async function receive(request, answer) {
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  const { headers } = request;
  while (!existsSync(KEYS)) await setTimeout(10); // the endpoint's own making is delivered before its secret is known here
  const keys = readFileSync(KEYS, "utf8").trim().split("\n").map((line) => line.split(" "));
  const id = headers["webhook-id"];
  const found = {
    id,
    sequence: JSON.parse(body).sequence,
    verifies: keys.map(([secret]) => verifies(secret, body, headers)),
    signed: keys.map(([, key]) => signed(key, body, headers)),
    forged: keys.flatMap(([secret, key]) => [verifies(secret, body + " ", headers), signed(key, body + " ", headers)]),
    answer: !seen.has(id) && seen.size % 3 === 0 ? 500 : 200,
  };
  seen.add(id);
  report(found);
  answer.writeHead(found.answer, { "Content-Length": 0 }).end();
}

const server = createServer(receive).listen(0, "127.0.0.1", () => report({ port: server.address().port }));
