"""Deliveries that the library of Standard Webhooks signs, read by ours."""

import base64
import json
import os
from datetime import datetime, timedelta, timezone

import florin
from standardwebhooks import Webhook

secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
other = "whsec_" + base64.b64encode(bytes(64)).decode()
payment = {"payment": {"description": "Café ☃"}}
body = json.dumps({"id": "evt_1", "object": "event", "type": "payment.captured", "data": payment}, ensure_ascii=False)


def deliver(*secrets, seconds=0):
    """The headers of a delivery that was signed by each of the secrets so long ago."""
    at = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    signatures = [Webhook(s).sign("evt_1", at, body) for s in secrets]
    return {"webhook-id": "evt_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": " ".join(signatures)}


def code(headers, body=body):
    try:
        florin.verify_webhook(body, headers, [secret])
    except florin.WebhookError as error:
        return error.code
    return "trusted"


for headers in (deliver(secret), deliver(other, secret)):
    event = florin.verify_webhook(body.encode(), headers, [secret])
    assert event.data.payment.description == "Café ☃"
    # Both libraries read the delivery in the same way.
    assert Webhook(secret).verify(body, headers)["id"] == event.id
assert code(deliver(other)) == "webhook_signature_mismatch"
assert code(deliver(secret), body + " ") == "webhook_signature_mismatch"
assert code(deliver(secret, seconds=400)) == "webhook_too_old"
assert code(deliver(secret, seconds=-400)) == "webhook_too_new"
print("all held")
