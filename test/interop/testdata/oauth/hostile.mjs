// Hostile requests, sent first to a certified server and then to ours. A case names what is
// wrong and the codes that the standards have for it. That the judge refuses it shows that
// the case is right; where the judge lets it pass, the case says which rule is stricter.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { randomUUID, createHmac, createPublicKey } from "node:crypto";
import * as jose from "jose";
import { Browser, ISSUER, Payer, REDIRECT, create, keyPair, ok } from "./sandbox.mjs";

const pair = await keyPair("hostile");
const stranger = await keyPair("stranger");
stranger.jwk = await jose.exportJWK(stranger.publicKey);
const now = () => Math.floor(Date.now() / 1000);
const b64 = (v) => Buffer.from(typeof v === "string" ? v : JSON.stringify(v)).toString("base64url");

// Source: RFC 7636 appendix B.
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/** A server that cases are sent to. visit opens an address as somebody who allows what is asked, and gives where that leads. */
class Target {
  constructor(name, issuer, client, other, visit) { Object.assign(this, { name, issuer, client, other, visit, nonce: undefined }); }

  async open() {
    this.meta = await (await fetch(`${this.issuer}/.well-known/openid-configuration`)).json();
    this.par = this.meta.pushed_authorization_request_endpoint;
    this.token = this.meta.token_endpoint;
    this.proofs = await jose.generateKeyPair("ES256", { extractable: true });
    return this;
  }

  async assertion({ claims = {}, head = {}, key = pair.privateKey, client = this.client } = {}) {
    const all = { iss: client, sub: client, aud: this.issuer, jti: randomUUID(), iat: now(), exp: now() + 60, ...claims };
    for (const k of Object.keys(all)) if (all[k] === undefined) delete all[k];
    return new jose.SignJWT(all).setProtectedHeader({ alg: "ES256", kid: "hostile", ...head }).sign(key);
  }

  async proof(url, { claims = {}, head = {}, key, jwk, method = "POST" } = {}) {
    const all = { htm: method, htu: url, jti: randomUUID(), iat: now(), ...(this.nonce && { nonce: this.nonce }), ...claims };
    return new jose.SignJWT(all).setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: jwk ?? await jose.exportJWK(this.proofs.publicKey), ...head }).sign(key ?? this.proofs.privateKey);
  }

  /** Sends a good request but for what change makes of it. */
  async send(url, form, change = {}, tries = 2) {
    const client = change.other ? this.other : this.client;
    const body = new URLSearchParams({ client_id: client, client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", ...form });
    const assertion = change.assertion ? await change.assertion(this) : await this.assertion({ client });
    if (assertion !== null) body.set("client_assertion", assertion);
    else body.delete("client_assertion_type");
    change.form?.(body);
    const proofs = change.proofs ? await change.proofs(this, url) : [await this.proof(url)];
    const headers = new Headers({ "content-type": "application/x-www-form-urlencoded" });
    for (const p of proofs) headers.append("dpop", p);
    const answer = await fetch(url, { method: change.method ?? "POST", headers, body: change.method === "GET" ? undefined : body });
    const nonce = answer.headers.get("dpop-nonce");
    const text = await answer.text();
    let said = {};
    try { said = JSON.parse(text); } catch { /* no JSON: the status says it */ }
    const error = said.error ?? "";
    if (nonce) this.nonce = nonce;
    if (error === "use_dpop_nonce" && tries > 1 && !change.keepNonce) return this.send(url, form, change, tries - 1);
    return { status: answer.status, error, said };
  }

  own(change) { return this.send(this.token, { grant_type: "client_credentials", scope: "payments:read" }, change); }
  push(change) {
    return this.send(this.par, { response_type: "code", redirect_uri: REDIRECT, scope: "openid payments:read", state: "s", code_challenge: CHALLENGE, code_challenge_method: "S256" }, change);
  }

  /** Gives what redeems a new code. */
  async code() {
    const { said } = await this.push({});
    const at = new URL(this.meta.authorization_endpoint);
    at.search = new URLSearchParams({ client_id: this.client, request_uri: said.request_uri });
    const back = await this.visit(at);
    return { grant_type: "authorization_code", code: back.searchParams.get("code"), redirect_uri: REDIRECT, code_verifier: VERIFIER };
  }

  /** Redeems a new code, spoilt by change. */
  async redeem(change) {
    const form = await this.code();
    if (change.twice) await this.send(this.token, form);
    return this.send(this.token, form, change);
  }

  /** Renews by the refresh token of a new code, spoilt by change. */
  async renew(change) {
    const form = await this.code();
    const { said } = await this.send(this.token, form);
    await change.before?.(this, said, form);
    return this.send(this.token, { grant_type: "refresh_token", refresh_token: change.token?.(said) ?? said.refresh_token }, change);
  }
}

const signed = (change) => ({ assertion: (t) => t.assertion(typeof change === "function" ? change(t) : change) });
const proved = (change) => ({ proofs: async (t, url) => [await t.proof(url, typeof change === "function" ? change(t, url) : change)] });
const hmac = (head, claims, secret) => { const text = `${b64(head)}.${b64(claims)}`; return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`; };
const publicPem = createPublicKey({ key: await jose.exportJWK(pair.publicKey), format: "jwk" }).export({ type: "spki", format: "pem" });
const claimsOf = (t) => ({ iss: t.client, sub: t.client, aud: t.issuer, jti: randomUUID(), iat: now(), exp: now() + 60 });
const kept = new Map();
const once = (t, make) => { if (!kept.has(t)) kept.set(t, make()); return kept.get(t); };

const C = ["invalid_client"], P = ["invalid_dpop_proof"], R = ["invalid_request"], G = ["invalid_grant"];
/** what is wrong, where it is written, how it is sent, the codes for it, and why the judge may be laxer. */
const cases = [
  ["an assertion by another key", "RFC 7523 §3", "own", signed({ key: stranger.privateKey }), C],
  ["an assertion with alg none", "RFC 8725 §3.2", "own", { assertion: (t) => `${b64({ alg: "none", kid: "hostile" })}.${b64(claimsOf(t))}.` }, C],
  ["an assertion by HMAC with the public key", "RFC 8725 §2.1", "own", { assertion: (t) => hmac({ alg: "HS256", kid: "hostile" }, claimsOf(t), publicPem) }, C],
  ["an expired assertion", "RFC 7523 §3 (4)", "own", signed({ claims: { iat: now() - 600, exp: now() - 300 } }), C],
  ["an assertion from the future", "FAPI 2.0 SP §5.3.2.1", "own", signed({ claims: { iat: now() + 600, nbf: now() + 600, exp: now() + 900 } }), C],
  ["an assertion without exp", "RFC 7523 §3 (4)", "own", signed({ claims: { exp: undefined } }), C],
  ["an assertion without jti", "OIDC Core §9", "own", signed({ claims: { jti: undefined } }), C],
  ["an assertion for another server", "RFC 7523 §3 (3)", "own", signed({ claims: { aud: "https://other.example" } }), C],
  ["an assertion for a list of servers", "FAPI 2.0 SP §5.3.2.1", "own", signed((t) => ({ claims: { aud: [t.issuer, "https://other.example"] } })), C],
  ["an assertion for the token endpoint", "FAPI 2.0 SP §5.3.2.1", "own", signed((t) => ({ claims: { aud: t.token } })), C],
  ["an assertion by somebody else", "RFC 7523 §3 (1)", "own", signed({ claims: { iss: "other" } }), C],
  ["an assertion about somebody else", "RFC 7523 §3 (2)", "own", signed({ claims: { sub: "other" } }), C],
  ["a truncated assertion", "RFC 7515 §5.2", "own", { assertion: async (t) => (await t.assertion()).slice(0, -8) }, C],
  ["an assertion with an unknown crit", "RFC 7515 §4.1.11", "own", { assertion: async (t) => { const [, body] = (await t.assertion()).split("."); const head = b64({ alg: "ES256", kid: "hostile", crit: ["x"], x: 1 }); const sig = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, Buffer.from(`${head}.${body}`)); return `${head}.${body}.${Buffer.from(sig).toString("base64url")}`; } }, C],
  ["an assertion used twice", "RFC 7523 §3 (7)", "own", { assertion: (t) => once(t, () => t.assertion()), twice: true }, C],
  ["no client authentication", "RFC 6749 §3.2.1", "own", { assertion: () => null }, C],
  ["no client authentication at PAR", "RFC 9126 §2", "push", { assertion: () => null }, C],
  ["a proof of another method", "RFC 9449 §4.3 (8)", "own", proved({ claims: { htm: "GET" } }), P],
  ["a proof for another address", "RFC 9449 §4.3 (9)", "own", proved({ claims: { htu: "https://other.example/token" } }), P],
  ["an old proof", "RFC 9449 §4.3 (11)", "own", proved({ claims: { iat: now() - 3600 } }), P],
  ["a proof from the future", "RFC 9449 §4.3 (11)", "own", proved({ claims: { iat: now() + 3600 } }), P],
  ["a proof without jti", "RFC 9449 §4.3 (3)", "own", proved({ claims: { jti: undefined } }), P],
  ["a proof of another type", "RFC 9449 §4.3 (4)", "own", proved({ head: { typ: "jwt" } }), P],
  ["a proof by HMAC", "RFC 9449 §4.3 (5)", "own", { proofs: (t, url) => [hmac({ alg: "HS256", typ: "dpop+jwt", jwk: { kty: "oct", k: b64("secret") } }, { htm: "POST", htu: url, jti: randomUUID(), iat: now(), nonce: t.nonce }, "secret")] }, P],
  ["a proof that shows its private key", "RFC 9449 §4.3 (7)", "own", { proofs: async (t, url) => [await t.proof(url, { jwk: await jose.exportJWK(t.proofs.privateKey) })] }, P],
  ["a proof by another key than it shows", "RFC 9449 §4.3 (6)", "own", proved({ key: stranger.privateKey }), P],
  ["two proofs", "RFC 9449 §4.3 (1)", "own", { proofs: async (t, url) => [await t.proof(url), await t.proof(url)] }, P],
  ["a truncated proof", "RFC 7515 §5.2", "own", { proofs: async (t, url) => [(await t.proof(url)).slice(0, -8)] }, P],
  ["no proof for a client that is bound", "RFC 9449 §5.2", "own", { proofs: () => [] }, [...P, ...R, "invalid_grant"]],
  ["an unknown grant", "RFC 6749 §5.2", "own", { form: (b) => b.set("grant_type", "password") }, ["unsupported_grant_type", "unauthorized_client"]],
  ["no grant_type", "RFC 6749 §5.2", "own", { form: (b) => b.delete("grant_type") }, R],
  ["a scope that is not the client's", "RFC 6749 §5.2", "own", { form: (b) => b.set("scope", "root") }, ["invalid_scope"], "it drops what it does not know"],
  ["a parameter twice", "RFC 6749 §3.2", "own", { form: (b) => b.append("scope", "payments:read") }, R],
  ["an implicit request", "FAPI 2.0 SP §5.3.2.2", "push", { form: (b) => b.set("response_type", "token") }, ["unsupported_response_type", "unauthorized_client", ...R]],
  ["a request without PKCE", "FAPI 2.0 SP §5.3.2.2", "push", { form: (b) => { b.delete("code_challenge"); b.delete("code_challenge_method"); } }, R],
  ["PKCE plain", "RFC 9700 §2.1.1", "push", { form: (b) => b.set("code_challenge_method", "plain") }, R],
  ["another redirect address", "RFC 9700 §4.1", "push", { form: (b) => b.set("redirect_uri", "https://client.example/cb/evil") }, [...R, "invalid_redirect_uri"]],
  ["no redirect address", "FAPI 2.0 SP §5.3.2.2", "push", { form: (b) => b.delete("redirect_uri") }, R, "it takes the only registered one"],
  ["a request_uri inside PAR", "RFC 9126 §2.1", "push", { form: (b) => b.set("request_uri", "urn:x") }, R],
  ["an unknown scope at PAR", "RFC 6749 §4.1.2.1", "push", { form: (b) => b.set("scope", "openid root") }, ["invalid_scope"], "it drops what it does not know"],
  ["a code with another verifier", "RFC 7636 §4.6", "redeem", { form: (b) => b.set("code_verifier", "x".repeat(43)) }, G],
  ["a code with its challenge for a verifier", "RFC 7636 §4.6", "redeem", { form: (b) => b.set("code_verifier", CHALLENGE) }, G],
  ["a code without its verifier", "RFC 7636 §4.5", "redeem", { form: (b) => b.delete("code_verifier") }, [...G, ...R]],
  ["a code with another redirect address", "RFC 6749 §4.1.3", "redeem", { form: (b) => b.set("redirect_uri", "https://client.example/cb2") }, G],
  ["no code", "RFC 6749 §4.1.3", "redeem", { form: (b) => b.delete("code") }, R],
  ["a truncated code", "RFC 6749 §5.2", "redeem", { form: (b) => b.set("code", b.get("code").slice(0, -2)) }, G],
  ["a code of another client", "RFC 6749 §4.1.3", "redeem", { other: true }, G],
  ["a code by another key than the request's", "RFC 9449 §10.1", "redeem", proved({ key: stranger.privateKey, jwk: stranger.jwk }), [...G, ...P]],
  ["a code used twice", "RFC 6749 §4.1.2", "redeem", { twice: true }, G],
  ["a refresh token whose code was used twice", "RFC 6749 §4.1.2", "renew", { before: (t, said, form) => t.send(t.token, form) }, G],
  ["a refresh token of another client", "RFC 6749 §6", "renew", { other: true }, G],
  ["a truncated refresh token", "RFC 6749 §5.2", "renew", { token: (s) => s.refresh_token.slice(0, -2) }, G],
  ["an access token for a refresh token", "RFC 6749 §5.2", "renew", { token: (s) => s.access_token }, G],
  ["no refresh token", "RFC 6749 §6", "renew", { form: (b) => b.delete("refresh_token") }, R],
  ["a refresh token that was revoked", "RFC 7009 §2", "renew", { before: (t, said) => t.send(t.meta.revocation_endpoint, { token: said.refresh_token }) }, G],
  ["a wider scope at a refresh", "RFC 6749 §6", "renew", { form: (b) => b.set("scope", "openid payments:read payments:write") }, ["invalid_scope"]],
  ["PAR by GET", "RFC 9126 §2", "push", { method: "GET", status: [404, 405] }, [""]],
];

/** Walks through the judge's own pages. */
async function judged(at) {
  const browser = new Browser(at.origin);
  let answer = await browser.send(at);
  for (const prompt of ["login", "consent", ""]) {
    for (let to; (to = answer.headers.get("location")); ) {
      if (to.startsWith(REDIRECT)) return new URL(to);
      at = new URL(to, at);
      answer = await browser.send(at);
    }
    answer = await browser.send(at, { prompt, login: "ada", password: "x" });
  }
  throw new Error(`the judge leads to ${at}`);
}

async function run(target, [what, , call, change, codes]) {
  if (change.twice && call !== "redeem") await target[call](change);
  const { status, error } = await target[call](change);
  const statuses = change.status ?? [400, 401];
  return { said: `${status} ${error}`, refused: status >= 400 && status < 500, right: statuses.includes(status) && (codes.includes(error) || change.status !== undefined) };
}

const judge = spawn(process.execPath, ["judge.mjs"], { env: { ...process.env, JWKS: pair.file }, stdio: ["ignore", "pipe", "ignore"] });
try {
  const [line] = await createInterface({ input: judge.stdout })[Symbol.asyncIterator]().next().then((l) => [l.value]);
  const register = () => create("--auth", "private_key_jwt", "--jwks", pair.file, "--fapi", "--redirect", REDIRECT, "--grant", "authorization_code", "--grant", "client_credentials", "--grant", "refresh_token", "--scope", "openid", "--scope", "payments:read");
  const [made, other] = [register(), register()];
  const theirs = await new Target("the judge", line.trim(), "client", "other", judged).open();
  const payer = await new Payer().signUp("hostile@example.com");
  const ours = await new Target("Florin", ISSUER, made.client_id, other.client_id, (at) => payer.allows(at)).open();
  for (const t of [theirs, ours]) {
    const [own, push, renew] = [await t.own(), await t.push(), await t.renew({})];
    ok(`${t.name} takes the good requests`, own.status === 200 && push.status === 201 && renew.status === 200, { own, push, renew });
  }
  let agreed = 0;
  for (const c of cases) {
    const [theirSay, ourSay] = [await run(theirs, c), await run(ours, c)];
    const why = theirSay.refused ? "" : c[5]; // nothing is wrong by our taste alone
    ok(`${c[0]} (${c[1]}): ${ourSay.said}; the judge: ${theirSay.said}${why ? `, since ${why}` : ""}`, ourSay.right && (theirSay.refused || Boolean(why)), { ourSay, theirSay });
    agreed += theirSay.refused ? 1 : 0;
  }
  console.log(`${cases.length} cases, the judge agrees on ${agreed}`);
  console.log("all held");
} finally {
  judge.kill();
}
