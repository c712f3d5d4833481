"""An endpoint that holds each delivery to the library of Standard Webhooks, and says in REPORT what it found.

KEYS has a line for each secret that it trusts now, and its public key. Of the deliveries every third is answered
with 500 when it first comes.
"""

import base64
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

seen = set()
report = open(os.environ["REPORT"], "w", buffering=1)


def verifies(secret, body, headers):
    try:
        return Webhook(secret).verify(body, headers)["object"] == "event"
    except WebhookVerificationError:
        return False


def signed(public, body, headers):
    """The "v1a" signatures, which the library passes over."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for version, _, signature in (text.partition(",") for text in headers["webhook-signature"].split()):
        try:
            if version == "v1a":
                key.verify(base64.b64decode(signature), content)
                return True
        except InvalidSignature:
            pass
    return False


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        while not os.path.exists(os.environ["KEYS"]):
            time.sleep(0.01)  # the endpoint's own making is delivered before its secret is known here
        with open(os.environ["KEYS"]) as file:
            keys = [line.split() for line in file]
        key = headers["webhook-id"]
        found = {
            "id": key,
            "sequence": json.loads(body)["sequence"],
            "verifies": [verifies(secret, body, headers) for secret, _ in keys],
            "signed": [signed(public, body, headers) for _, public in keys],
            "forged": [verifies(secret, body + b" ", headers) for secret, _ in keys] + [signed(public, body + b" ", headers) for _, public in keys],
        }
        found["answer"] = 500 if key not in seen and len(seen) % 3 == 0 else 200
        seen.add(key)
        report.write(json.dumps(found) + "\n")
        self.send_response(found["answer"])
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")  # this server has one at a time
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
report.write(json.dumps({"port": server.server_port}) + "\n")
server.serve_forever()
