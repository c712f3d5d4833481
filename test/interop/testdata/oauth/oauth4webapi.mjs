// oauth4webapi, unmodified: private_key_jwt, DPoP, and its own check of access tokens.
import * as oauth from "oauth4webapi";
import { ISSUER, API, REDIRECT, create, keyPair, ok, Payer } from "./sandbox.mjs";

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(ISSUER);
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...insecure }));
ok("discovery", as.authorization_response_iss_parameter_supported === true && as.code_challenge_methods_supported.includes("S256"));

const pair = await keyPair("web");
const c = create("--auth", "private_key_jwt", "--jwks", pair.file, "--fapi", "--redirect", REDIRECT, "--grant", "authorization_code", "--grant", "client_credentials", "--scope", "openid", "--scope", "payments:read");
const client = { client_id: c.client_id };
const auth = oauth.PrivateKeyJwt(pair.key);
const proofs = await oauth.generateKeyPair("ES256");
const DPoP = oauth.DPoP(client, proofs);
/** Tries again once when the server asks for its nonce. */
const twice = async (call) => {
  try {
    return await call();
  } catch (e) {
    if (!oauth.isDPoPNonceError(e)) throw e;
    return call();
  }
};

const own = await twice(async () => oauth.processClientCredentialsResponse(as, client, await oauth.clientCredentialsGrantRequest(as, client, auth, { scope: "payments:read" }, { DPoP, ...insecure })));
ok("client credentials by private_key_jwt, DPoP-bound", own.token_type === "dpop");
const list = await twice(() => oauth.protectedResourceRequest(own.access_token, "GET", new URL("/v1/payments", API), undefined, undefined, { DPoP, ...insecure }));
ok("the API takes the token", list.status === 200);
const request = new Request(`${ISSUER}/v1/payments`, { headers: { authorization: `DPoP ${own.access_token}`, dpop: "x" } });
const claims = await oauth.validateJwtAccessToken(as, new Request(request.url, { headers: { authorization: `Bearer ${own.access_token}` } }), `${ISSUER}/v1`, insecure).catch((e) => e);
ok("a bound token is no bearer token (its own check)", claims instanceof Error, claims);

const verifier = oauth.generateRandomCodeVerifier();
const pushed = await twice(async () => oauth.processPushedAuthorizationResponse(as, client, await oauth.pushedAuthorizationRequest(as, client, auth, {
  redirect_uri: REDIRECT, response_type: "code", scope: "openid payments:read", code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
}, { DPoP, ...insecure })));
const url = new URL(as.authorization_endpoint);
url.search = new URLSearchParams({ client_id: c.client_id, request_uri: pushed.request_uri });
const bob = await new Payer().signUp("bob@example.com");
const back = await bob.allows(url);
const callback = oauth.validateAuthResponse(as, client, back, oauth.expectNoState);
ok("iss in the answer (RFC 9207)", back.searchParams.get("iss") === ISSUER);
const tokens = await twice(async () => oauth.processAuthorizationCodeResponse(as, client, await oauth.authorizationCodeGrantRequest(as, client, auth, callback, REDIRECT, verifier, { DPoP, ...insecure }), { requireIdToken: true }));
ok("FAPI 2.0 code flow with PAR and DPoP", tokens.token_type === "dpop" && oauth.getValidatedIdTokenClaims(tokens).aud === c.client_id);
const asked = await oauth.introspectionRequest(as, client, auth, tokens.access_token, { requestJwtResponse: true, ...insecure });
const told = await oauth.processIntrospectionResponse(as, client, asked);
ok("a signed introspection (RFC 9701)", told.active === true && told.client_id === c.client_id && told.sub !== undefined, told);
await oauth.validateApplicationLevelSignature(as, asked, insecure);
ok("its signature, by our published key");
const again = await oauth.authorizationCodeGrantRequest(as, client, auth, callback, REDIRECT, verifier, { DPoP, ...insecure });
ok("a code twice is invalid_grant", again.status === 400 && (await again.json()).error === "invalid_grant");
const dead = await oauth.protectedResourceRequest(tokens.access_token, "GET", new URL("/v1/payments", API), undefined, undefined, { DPoP, ...insecure }).then((r) => r.status, (e) => e.cause?.[0]?.parameters?.error ?? e.status ?? e);
ok("and ends what the first gave", dead === 401 || dead === "invalid_token", dead);
console.log("all held");
