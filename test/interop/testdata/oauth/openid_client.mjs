// openid-client, unmodified, against the running server.
import * as client from "openid-client";
import * as jose from "jose";
import { ISSUER, API, WALLET, DATA, FLORIN, MERCHANT, REDIRECT, create, details, keyPair, ok, Payer } from "./sandbox.mjs";
import { execFileSync } from "node:child_process";

const issuer = new URL(ISSUER);
const discover = (id, metadata, auth, algorithm = "oidc") => client.discovery(issuer, id, metadata, auth, { algorithm, execute: [client.allowInsecureRequests] });
const refused = async (what, code, promise) => {
  const e = await promise.then(() => ({ error: "nothing: it was taken" }), (e) => e);
  const challenged = code === "invalid_client" && e.status === 401 && e.code === "OAUTH_WWW_AUTHENTICATE_CHALLENGE"; // RFC 6749 §5.2 asks for the challenge
  ok(`${what} is refused: ${code}`, challenged || [e.error, e.cause?.error, e.cause?.[0]?.parameters?.error].includes(code), e.error ?? e.message ?? String(e));
};
const ada = await new Payer().signUp("ada@example.com");
const keys = jose.createRemoteJWKSet(new URL("/oauth/jwks", ISSUER));

// A public client: code and PKCE, rotation of refresh tokens.
{
  const c = create("--auth", "none", "--native", "--redirect", REDIRECT, "--grant", "authorization_code", "--grant", "refresh_token", "--scope", "openid", "--scope", "payments:read", "--scope", "email", "--logout-redirect", "https://client.example/bye");
  const config = await discover(c.client_id, undefined, client.None());
  ok("discovery (openid-configuration)", config.serverMetadata().issuer === ISSUER);
  await discover(c.client_id, undefined, client.None(), "oauth2");
  ok("discovery (oauth-authorization-server)");
  const verifier = client.randomPKCECodeVerifier();
  const [state, nonce] = [client.randomState(), client.randomNonce()];
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT, scope: "openid payments:read email", state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const back = await ada.allows(url);
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  ok("authorization code with PKCE, iss, state and nonce", tokens.claims().nonce === nonce && tokens.token_type === "bearer");
  const access = await jose.jwtVerify(tokens.access_token, keys, { issuer: ISSUER, audience: `${ISSUER}/v1`, typ: "at+jwt", algorithms: ["ES256"] });
  ok("jose verifies the access token (RFC 9068)", access.payload.client_id === c.client_id && access.payload.scope === "openid payments:read email", access.payload);
  await jose.jwtVerify(tokens.id_token, keys, { issuer: ISSUER, audience: c.client_id });
  ok("jose verifies the ID token");
  const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  ok("userinfo", info.email === "ada@example.com" && info.email_verified === false, info);
  const second = await client.refreshTokenGrant(config, tokens.refresh_token);
  ok("refresh rotates for a public client", second.refresh_token !== tokens.refresh_token);
  await refused("the old refresh token", "invalid_grant", client.refreshTokenGrant(config, tokens.refresh_token));
  await refused("the whole family then", "invalid_grant", client.refreshTokenGrant(config, second.refresh_token));
  const leave = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: "https://client.example/bye" });
  const out = await new Payer().send(leave);
  ok("end-session asks the person", out.status === 200);
}

// A confidential client: PAR, DPoP, rich requests, introspection, revocation.
{
  const c = create("--redirect", REDIRECT, "--grant", "authorization_code", "--grant", "refresh_token", "--grant", "client_credentials", "--scope", "openid", "--scope", "payments:read", "--scope", "payments:write", "--details");
  const config = await discover(c.client_id, c.client_secret, client.ClientSecretBasic(c.client_secret));
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const verifier = client.randomPKCECodeVerifier();
  const asked = { redirect_uri: REDIRECT, scope: "openid payments:read payments:write", authorization_details: details, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
  const url = await client.buildAuthorizationUrlWithPAR(config, asked, { DPoP });
  ok("PAR", url.searchParams.get("request_uri").startsWith("urn:"), url.href);
  const back = await ada.allows(url);
  const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, idTokenExpected: true }, undefined, { DPoP });
  ok("a DPoP-bound token, with the server's nonce", tokens.token_type === "dpop");
  ok("the granted authorization_details come back", tokens.authorization_details?.[0]?.amount === 1000, tokens.authorization_details);
  const pay = (amount, key) => client.fetchProtectedResource(config, tokens.access_token, new URL("/v1/payments", API), "POST", JSON.stringify({ amount, currency: "USD", source: WALLET }),
    new Headers({ "content-type": "application/json", "idempotency-key": key }), { DPoP });
  const paid = await pay(700, "openid-client-1");
  ok("pays within the grant", paid.status === 200 && (await paid.json()).status === "succeeded");
  const over = await pay(301, "openid-client-2");
  ok("is refused beyond it", over.status === 402 && (await over.json()).code === "grant_limit_reached");
  const second = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  ok("refresh keeps a confidential client's token (FAPI)", (second.refresh_token ?? tokens.refresh_token) === tokens.refresh_token);
  const seen = await client.tokenIntrospection(config, second.access_token);
  ok("introspection", seen.active && seen.cnf.jkt !== undefined && seen.client_id === c.client_id, seen);
  await client.tokenRevocation(config, second.access_token);
  ok("revocation", !(await client.tokenIntrospection(config, second.access_token)).active);
  const own = await client.clientCredentialsGrant(config, { scope: "payments:read" });
  const list = await client.fetchProtectedResource(config, own.access_token, new URL("/v1/payments?limit=1", API), "GET");
  ok("client credentials", list.status === 200);
  await refused("a scope that is not the client's", "invalid_scope", client.clientCredentialsGrant(config, { scope: "ledger:read" }));
  const wrong = await discover(c.client_id, "wrong", client.ClientSecretBasic("wrong"));
  await refused("a wrong secret", "invalid_client", client.clientCredentialsGrant(wrong, {}));
}

// FAPI 2.0 with message signing: private_key_jwt, PAR, JAR, JARM, DPoP.
{
  const pair = await keyPair("fapi");
  const c = create("--auth", "private_key_jwt", "--jwks", pair.file, "--fapi", "--signed-requests", "--jarm", "--redirect", REDIRECT, "--grant", "authorization_code", "--scope", "openid", "--scope", "payments:read");
  const config = await discover(c.client_id, { authorization_signed_response_alg: "ES256" }, client.PrivateKeyJwt(pair.key));
  client.useJwtResponseMode(config);
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
  const verifier = client.randomPKCECodeVerifier();
  const asked = { redirect_uri: REDIRECT, scope: "openid payments:read", state: "s", code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" };
  const signed = await client.buildAuthorizationUrlWithJAR(config, asked, pair.key, { [client.modifyAssertion]: (_, payload) => { payload.nbf = Math.floor(Date.now() / 1000); } });
  const url = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
  ok("a signed request, pushed (JAR, PAR)");
  const back = await ada.allows(url);
  ok("the answer is a JWT (JARM)", back.searchParams.get("response")?.split(".").length === 3, back.href);
  const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier, expectedState: "s", idTokenExpected: true }, undefined, { DPoP });
  ok("FAPI 2.0: private_key_jwt, DPoP, JARM", tokens.token_type === "dpop");
  await refused("an unsigned request", "invalid_request", client.buildAuthorizationUrlWithPAR(config, asked, { DPoP }));
}

// A device without a browser.
{
  const c = create("--auth", "none", "--grant", "device_code", "--scope", "payments:read");
  const config = await discover(c.client_id, undefined, client.None());
  const device = await client.initiateDeviceAuthorization(config, { scope: "payments:read" });
  ok("device authorization", device.verification_uri === `${ISSUER}/device`, device);
  const polling = client.pollDeviceAuthorizationGrant(config, device);
  await ada.send("/device", { user_code: device.user_code });
  await ada.decide("/device/decide", { user_code: device.user_code });
  ok("the device gets its token", (await polling).token_type === "bearer");
}

// Registration by API (RFC 7591, 7592).
{
  const initial = execFileSync(FLORIN, ["client", "invite", "--data", DATA, "--merchant", MERCHANT, "--scope", "payments:read", "--own"], { encoding: "utf8" }).trim();
  const made = await client.dynamicClientRegistration(issuer, { client_name: "Registered", grant_types: ["client_credentials"], response_types: [], scope: "payments:read", token_endpoint_auth_method: "client_secret_basic" },
    client.ClientSecretBasic(), { initialAccessToken: initial, execute: [client.allowInsecureRequests] });
  ok("dynamic registration", made.clientMetadata().client_secret.length > 20);
  ok("the registered client gets a token", (await client.clientCredentialsGrant(made, {})).expires_in === 300);
  const { registration_client_uri: uri, registration_access_token: token } = made.clientMetadata();
  const read = (method) => fetch(uri, { method, headers: { authorization: `Bearer ${token}` } });
  ok("reads its registration", (await (await read("GET")).json()).client_name === "Registered");
  ok("deletes it", (await read("DELETE")).status === 204 && (await read("GET")).status === 401);
}
console.log("all held");
