// What the scripts share: the sandbox under test, and a payer that is a program.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export const { ISSUER, URL: API, KEY, MERCHANT, PAYER, WALLET, DATA, FLORIN } = process.env;
export const REDIRECT = "https://client.example/cb";

let lines = 0;
/** Says that a step held; the first that does not ends the script. */
export function ok(what, holds = true, seen = "") {
  if (holds !== true) throw new Error(`${what}: ${typeof seen === "string" ? seen : JSON.stringify(seen)}`);
  console.log(`ok ${++lines} ${what}`);
}

/** Registers a client by the command line. */
export function create(...flags) {
  return JSON.parse(execFileSync(FLORIN, ["client", "create", "--data", DATA, "--merchant", MERCHANT, "--name", "Client", ...flags], { encoding: "utf8" }));
}

/** A key pair of a client, and the file with its public half. */
export async function keyPair(name) {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const jwk = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid: name, alg: "ES256", use: "sig" };
  const file = join(DATA, `${name}.json`);
  writeFileSync(file, JSON.stringify({ keys: [jwk] }));
  return { ...pair, file, key: { key: pair.privateKey, kid: name } };
}

/** A browser that keeps cookies and follows nothing by itself. */
export class Browser {
  cookies = new Map();
  constructor(home) { this.home = home; }

  async send(url, form) {
    const answer = await fetch(new URL(url, this.home), {
      redirect: "manual",
      method: form ? "POST" : "GET",
      body: form && new URLSearchParams(form),
      headers: { cookie: [...this.cookies].map(([k, v]) => `${k}=${v}`).join("; ") },
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) this.cookies.set(name, value);
      else this.cookies.delete(name);
    }
    if (answer.status >= 400) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}

/** Somebody who answers the pages' forms. */
export class Payer extends Browser {
  constructor() { super(ISSUER); }

  async signUp(login) {
    await this.send("/sign-up", { login, name: "Ada", password: "a phrase that nobody guesses" });
    const claim = await fetch(`${API}/v1/payers/${PAYER}/claim`, { method: "POST", body: "{}", headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" } });
    await this.send("/me/payers", { code: (await claim.json()).code });
    return this;
  }

  /** Opens an authorization request, allows it, and gives the address that it leads back to. */
  async allows(url, more = {}) {
    await this.send(url);
    return this.decide("/consent", more);
  }

  async decide(path, more) {
    const form = [["decision", "allow"], ["as", PAYER], ["detail", "0"], ...["payments:read", "payments:write", "email"].map((s) => ["scope", s]), ...Object.entries(more)];
    const answer = await this.send(path, form);
    return answer.headers.get("location") && new URL(answer.headers.get("location"));
  }
}

export const details = JSON.stringify([{ type: "payment", payee: MERCHANT, currency: "USD", amount: 1000 }]);
