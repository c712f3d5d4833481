"""Deliveries of webhooks: trusted, or refused for a reason."""

from __future__ import annotations

import base64
import email.message
import hashlib
import hmac
import importlib.util
import json
import time
import unittest
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import florin

# The vector that Standard Webhooks publishes for version v1, and what RFC 8032 gives for the same
# delivery and a key whose seed is 0, 1, 2, … 31. The other languages' tests have the same.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = 1614265330
BODY = b'{"test": 2432232314}'
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
PUBLIC_KEY = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
V1A = "v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ=="

BOTH = f"{V1} {V1A}"
REST = SECRET.removeprefix("whsec_")
OTHER_SECRET = "whsec_" + base64.b64encode(b"o" * 32).decode()
OTHER_KEY = "whpk_O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="  # its seed is 32 zeros


def delivered(id: str, timestamp: object, signature: str) -> dict[str, str]:
    return {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}


def vector(*signatures: str) -> dict[str, str]:
    return delivered(ID, AT, " ".join(signatures))


def after(seconds: float) -> datetime:
    return datetime.fromtimestamp(AT, timezone.utc) + timedelta(seconds=seconds)


def sign(key: str, content: bytes) -> str:
    """A v1 signature by a key's bytes."""
    raw = base64.b64decode(key.partition("_")[2])
    return "v1," + base64.b64encode(hmac.new(raw, content, hashlib.sha256).digest()).decode()


def signed(body: bytes) -> dict[str, str]:
    return vector(sign(SECRET, f"{ID}.{AT}.".encode() + body))


class WebhookTest(unittest.TestCase):
    def trusted(self, headers: florin.WebhookHeaders, *keys: str, late: float = 0, tolerance: float = 300) -> None:
        event = florin.verify_webhook(BODY, headers, keys, now=after(late), tolerance=tolerance)
        self.assertEqual(event.extra["test"], 2432232314)

    def refused(self, code: str, headers: florin.WebhookHeaders, *keys: str, body: bytes = BODY, late: float = 0) -> None:
        with self.assertRaises(florin.WebhookError) as caught:
            florin.verify_webhook(body, headers, keys or [SECRET], now=after(late))
        self.assertEqual(caught.exception.code, code)

    def test_deliveries_are_trusted(self) -> None:
        old = sign(OTHER_SECRET, f"{ID}.{AT}.".encode() + BODY)
        self.trusted(vector(V1), SECRET)
        self.trusted(vector(V1), OTHER_SECRET, SECRET)
        self.trusted(vector(V1, V1A, old), OTHER_SECRET)  # a rotation, before the secret is changed here
        self.trusted(vector(old, V1), SECRET)  # and after
        self.trusted(vector("v2,!", "v1", "", V1), SECRET)  # a version yet to come
        self.trusted(vector(*[old] * 99, V1), SECRET)
        self.trusted(vector(V1), SECRET, late=300)
        self.trusted(vector(V1), SECRET, late=-300)
        self.trusted(vector(V1), SECRET, late=3600, tolerance=3600)

    def test_headers_and_bodies_come_in_several_types(self) -> None:
        self.trusted({"Webhook-Id": ID, "WEBHOOK-TIMESTAMP": str(AT), "webhook-Signature": V1}, SECRET)
        message = email.message.Message()  # as http.server has them
        for name, value in vector(V1).items():
            message[name] = value
        self.trusted(message, SECRET)
        message["Webhook-Id"] = ID
        self.refused("webhook_header_invalid", message)
        for body in (BODY, bytearray(BODY), memoryview(BODY), BODY.decode()):
            florin.verify_webhook(body, vector(V1), [SECRET], now=after(0))
        with self.assertRaises(florin.WebhookError):  # no text that was ever sent
            florin.verify_webhook("\ud800", vector(V1), [SECRET], now=after(0))

    def test_an_event(self) -> None:
        related = {"id": "pay_1", "type": "payment", "url": "/v1/payments/pay_1"}
        event = {"id": "evt_1", "object": "event", "sequence": 7, "type": "payment.captured", "related": related}
        whole: Mapping[str, Any] = {"data": {"payment": {"id": "pay_1", "amount": 1999}}}
        for data in (whole, {"data": None}, {}):
            body = json.dumps({**event, **data}).encode()
            now = int(time.time())
            headers = delivered("evt_1", now, sign(SECRET, f"evt_1.{now}.".encode() + body))
            read = florin.verify_webhook(body, headers, [SECRET])
            self.assertEqual((read.id, read.sequence, read.type), ("evt_1", 7, "payment.captured"))
            self.assertEqual(read.related and read.related.id, "pay_1")
            payment = read.data and read.data.payment
            self.assertEqual(payment and payment.amount, 1999 if data is whole else None)

    def test_what_no_key_signed_is_refused(self) -> None:
        code = "webhook_signature_mismatch"
        self.refused(code, vector(V1), body=BODY + b" ")
        self.refused(code, vector(V1), body=b"")
        self.refused(code, delivered("msg_2", AT, V1))
        self.refused(code, delivered(ID, AT + 1, V1))
        self.refused(code, delivered(ID, f"0{AT}", V1))
        self.refused(code, vector(V1), OTHER_SECRET)
        for name, signature in {
            "another kind": V1A,
            "the versions exchanged": f"v1a{V1[2:]} v1{V1A[3:]}",
            "another version": f"v2{V1[2:]}",
            "a byte more": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OEA",
            "no version": V1[3:],
            "half a signature": V1[:19],
            "an empty signature": "v1, v1",
            "no base64": "v1,\0\xff v1,☃ v1,####",
            "a line end in base64": V1[:10] + "\n" + V1[10:],
            "commas between": f"{V1},{V1}",
        }.items():
            with self.subTest(name):
                self.refused(code, vector(signature))

    def test_timestamps_are_judged(self) -> None:
        self.refused("webhook_too_old", vector(V1), late=300.001)
        self.refused("webhook_too_new", vector(V1), late=-300.001)
        self.refused("webhook_too_old", delivered(ID, 0, V1))
        self.refused("webhook_too_new", delivered(ID, "9" * 12, V1))
        for text in (f"{AT}000", f"{AT}.0", f"+{AT}", f"-{AT}", f" {AT}", f"{AT}\n", "2021-02-25", "١٦", "1_6", "nan", "9" * 5000):
            with self.subTest(text[:20]):
                self.refused("webhook_timestamp_invalid", delivered(ID, text, V1))

    def test_headers_are_judged(self) -> None:
        for name in vector(V1):
            self.refused("webhook_header_missing", {k: v for k, v in vector(V1).items() if k != name})
            self.refused("webhook_header_missing", {**vector(V1), name: ""})
            self.refused("webhook_header_invalid", {**vector(V1), name.upper(): "1"})
        self.refused("webhook_header_missing", {})
        for headers in (
            delivered("i" * 257, AT, V1),
            delivered("msg 1", AT, V1),
            delivered(ID + "\n", AT, V1),
            vector(*["v1,"] * 100, V1),
            vector(V1, "s" * (16 << 10)),
        ):
            self.refused("webhook_header_invalid", headers)

    def test_what_is_signed_and_no_event_is_refused(self) -> None:
        for body in (b"[]", b"null", b"{", b"\xff", b'{"sequence":"x"}', b'{"data":[]}', b'{"created_at":1}'):
            with self.subTest(body):
                self.refused("webhook_event_invalid", signed(body), body=body)

    def test_keys_are_judged_first(self) -> None:
        """A mistake in the settings shows at the first delivery, whatever it is, and the key does not show."""
        bad: Mapping[str, Any] = {
            "none": [],
            "no list": SECRET,
            "nothing": None,
            "no text": [None],
            "empty": [""],
            "no prefix": [REST],
            "another prefix": [f"whsk_{REST}"],
            "no base64": [f"whsec_{REST[:31]}!"],
            "not ASCII": [f"whsec_{REST[:31]}é"],
            "of URLs": ["whsec_" + "_-" * 16],
            "a line end": [f"{SECRET}\n"],
            "23 bytes": ["whsec_" + base64.b64encode(bytes(23)).decode()],
            "65 bytes": ["whsec_" + base64.b64encode(bytes(65)).decode()],
            "no padding": [PUBLIC_KEY.rstrip("=")],
            "bits to spare": [PUBLIC_KEY.replace("bg=", "bh=")],
            "a short key": [f"whpk_{REST}"],
            "beside a good one": [SECRET, f"whpk_{REST}"],
        }
        for name, keys in bad.items():
            for headers in (vector(V1), {}):
                with self.subTest(name), self.assertRaises(florin.InvalidRequestError) as caught:
                    florin.verify_webhook(BODY, headers, keys, now=after(0))
                self.assertEqual(caught.exception.code, "webhook_key_invalid")
                self.assertNotIn(REST[:8], str(caught.exception))

    def test_other_arguments(self) -> None:
        parsed: Any
        for parsed in (json.loads(BODY), [1], None, 7):
            with self.assertRaisesRegex(TypeError, "before anything reads it as JSON"):
                florin.verify_webhook(parsed, vector(V1), [SECRET], now=after(0))
        for tolerance in (0, -1, float("nan"), float("inf")):
            with self.assertRaises(florin.InvalidRequestError) as caught:
                florin.verify_webhook(BODY, vector(V1), [SECRET], now=after(0), tolerance=tolerance)
            self.assertEqual(caught.exception.code, "webhook_tolerance_invalid")
        with self.assertRaisesRegex(ValueError, "time zone"):
            florin.verify_webhook(BODY, vector(V1), [SECRET], now=datetime(2021, 2, 25))

    def test_a_public_key_without_its_package_says_what_to_install(self) -> None:
        """Also beside a secret that would do: a key that is passed over would not be missed."""
        with mock.patch.dict("sys.modules", {"cryptography": None, "cryptography.hazmat.primitives.asymmetric.ed25519": None}):
            for keys in ([PUBLIC_KEY], [SECRET, PUBLIC_KEY]):
                with self.assertRaisesRegex(florin.InvalidRequestError, r"florin-sdk\[ed25519\]") as caught:
                    florin.verify_webhook(BODY, vector(V1, V1A), keys, now=after(0))
                self.assertEqual(caught.exception.code, "webhook_key_unsupported")


if importlib.util.find_spec("cryptography"):

    class Ed25519WebhookTest(WebhookTest):
        """What public keys add."""

        def test_public_keys(self) -> None:
            self.trusted(vector(V1A), PUBLIC_KEY)
            self.trusted(vector(V1, V1A), PUBLIC_KEY)
            self.trusted(vector(V1), OTHER_KEY, OTHER_SECRET, PUBLIC_KEY, SECRET)

        def test_what_no_public_key_signed_is_refused(self) -> None:
            code = "webhook_signature_mismatch"
            self.refused(code, vector(BOTH), OTHER_KEY, OTHER_SECRET)
            self.refused(code, vector(BOTH), PUBLIC_KEY, SECRET, body=BODY + b" ")
            self.refused(code, delivered("msg_2", AT, BOTH), PUBLIC_KEY)
            self.refused(code, delivered(ID, AT + 1, BOTH), PUBLIC_KEY)
            self.refused(code, vector(V1), PUBLIC_KEY)
            self.refused(code, vector(sign(PUBLIC_KEY, f"{ID}.{AT}.".encode() + BODY)), PUBLIC_KEY)
            self.refused(code, vector("v1a,", "v1a", V1A[:20], "v1a,####", "v1a" + V1[2:], "v1" + V1A[3:]), PUBLIC_KEY)


if __name__ == "__main__":
    unittest.main()
