"""Authlib, unmodified, against the running server: code with PKCE, client credentials, introspection, revocation."""

import json
import os
import subprocess

import requests
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # the sandbox is on this machine
ISSUER, API, KEY, PAYER = (os.environ[n] for n in ("ISSUER", "URL", "KEY", "PAYER"))
REDIRECT = "https://client.example/cb"
lines = 0


def ok(what, holds=True, seen=""):
    """Says that a step held; the first that does not ends the script."""
    global lines
    if not holds:
        raise SystemExit(f"{what}: {seen}")
    lines += 1
    print(f"ok {lines} {what}")


def create(*flags):
    command = [os.environ["FLORIN"], "client", "create", "--data", os.environ["DATA"], "--merchant", os.environ["MERCHANT"], "--name", "Client", *flags]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


metadata = requests.get(f"{ISSUER}/.well-known/openid-configuration", timeout=10).json()
made = create("--redirect", REDIRECT, "--grant", "authorization_code", "--grant", "client_credentials", "--scope", "openid", "--scope", "payments:read")
client = OAuth2Session(made["client_id"], made["client_secret"], token_endpoint_auth_method="client_secret_basic", scope="openid payments:read",
                       redirect_uri=REDIRECT, code_challenge_method="S256")

payer = requests.Session()
assert payer.post(f"{ISSUER}/sign-up", {"login": "ada@example.com", "name": "Ada", "password": "a phrase that nobody guesses"}, timeout=10).ok
claim = requests.post(f"{API}/v1/payers/{PAYER}/claim", json={}, headers={"Authorization": f"Bearer {KEY}"}, timeout=10).json()
assert payer.post(f"{ISSUER}/me/payers", {"code": claim["code"]}, timeout=10).ok

verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
url, state = client.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier, nonce="n")
assert payer.get(url, timeout=10).ok
back = payer.post(f"{ISSUER}/consent", {"decision": "allow", "as": PAYER, "scope": "payments:read"}, allow_redirects=False, timeout=10).headers["Location"]
token = client.fetch_token(metadata["token_endpoint"], authorization_response=back, code_verifier=verifier)
ok("authorization code with PKCE", token["token_type"] == "Bearer", token)
keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
claims = jwt.decode(token["id_token"], keys, algorithms=["ES256"]).claims
jwt.JWTClaimsRegistry(iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": made["client_id"]}).validate(claims)
ok("joserfc, Authlib's own, verifies the ID token", claims["nonce"] == "n", claims)
ok("the API takes the token", client.get(f"{API}/v1/payments").status_code == 200)
ok("userinfo", client.get(metadata["userinfo_endpoint"]).json()["sub"] == claims["sub"])
seen = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
ok("introspection", seen["active"] and seen["scope"] == "openid payments:read", seen)
ok("revocation", client.revoke_token(metadata["revocation_endpoint"], token=token["access_token"]).status_code == 200)
ok("a revoked token is not active", not client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()["active"])

own = OAuth2Session(made["client_id"], made["client_secret"], token_endpoint_auth_method="client_secret_basic", scope="payments:read")
ok("client credentials", own.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")["expires_in"] == 300)
ok("the API takes that token, too", own.get(f"{API}/v1/payments").status_code == 200)
ok("and refuses one that was changed", requests.get(f"{API}/v1/payments", headers={"Authorization": f"Bearer {own.token['access_token'][:-4]}AAAA"}, timeout=10).status_code == 401)
print("all held")
