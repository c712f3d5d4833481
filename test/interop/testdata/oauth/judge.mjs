// The certified server that hostile requests are sent to first: what it refuses is wrong by
// the standards, not by our taste. Prints its issuer when it listens.
import Provider from "oidc-provider";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";

const keys = JSON.parse(readFileSync(process.env.JWKS, "utf8"));
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: ["client", "other"].map((client_id) => ({
      client_id, token_endpoint_auth_method: "private_key_jwt", jwks: keys, redirect_uris: ["https://client.example/cb"],
      grant_types: ["authorization_code", "client_credentials", "refresh_token"], response_types: ["code"], dpop_bound_access_tokens: true, scope: "openid payments:read",
    })),
    scopes: ["openid", "payments:read"],
    features: {
      clientCredentials: { enabled: true }, pushedAuthorizationRequests: { enabled: true }, dPoP: { enabled: true }, devInteractions: { enabled: true },
      fapi: { enabled: true, profile: "2.0" }, introspection: { enabled: true }, revocation: { enabled: true },
    },
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    clientAuthMethods: ["private_key_jwt"],
    enabledJWA: { clientAuthSigningAlgValues: ["ES256", "PS256"], dPoPSigningAlgValues: ["ES256", "PS256"] },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
