"""Webhook deliveries, by Standard Webhooks 1.0.0."""

from __future__ import annotations

import base64
import hmac
import importlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Protocol

from ._error import InvalidRequestError, WebhookError
from ._types import Event

# What a delivery may bring: whoever finds the URL can send one, and each signature is work.
_SIGNATURE_MAX = 16 << 10  # characters of the header; 100 signatures have 9300
_SIGNATURES_MAX = 100

Matches = Callable[[bytes], bool]


class WebhookHeaders(Protocol):
    """Headers by name: a dict, or what servers and frameworks have."""

    def items(self) -> Iterable[tuple[str, str]]: ...


def verify_webhook(
    body: bytes | bytearray | memoryview | str,
    headers: WebhookHeaders,
    keys: Sequence[str],
    *,
    tolerance: float = 300,
    now: datetime | None = None,
) -> Event:
    """Says whether a delivery is the platform's, and gives its event. A thin event has no data.

    body: The request's body as it came: JSON that was read and written anew has other bytes.

    headers: All headers of the request; their names in any case.

    keys: Secrets (whsec_…) and public keys (whpk_…) of the endpoint. A signature of any of them is
    enough, so that old and new overlap in a rotation. Public keys need florin-sdk[ed25519].

    tolerance: Seconds that the timestamp may be from now, either way.

    now: Judges the timestamp as if it were now that instant: for tests, and for deliveries that
    were kept.

    Raises WebhookError if the delivery cannot be trusted, with the code webhook_header_missing,
    webhook_header_invalid, webhook_timestamp_invalid, webhook_too_old, webhook_too_new,
    webhook_signature_mismatch or webhook_event_invalid; InvalidRequestError if a key or the
    tolerance cannot be used, whatever was delivered (webhook_key_invalid, webhook_key_unsupported,
    webhook_tolerance_invalid); TypeError if body is not what came.

    A delivery can come more than once: its header webhook-id is the same each time.
    """
    if not 0 < tolerance < float("inf"):
        raise InvalidRequestError("The tolerance must be a number of seconds above 0.", code="webhook_tolerance_invalid")
    raw = _raw(body)
    known = _keys(keys)
    id, timestamp, signatures = _headers(headers)
    _fresh(timestamp, now, tolerance)
    content = f"{id}.{timestamp}.".encode() + raw
    if not any(_signed(signatures, key.version, key.matcher(content)) for key in known):
        raise WebhookError(
            "No signature is of this delivery by one of the keys. "
            "Pass the body's bytes as they came, and the keys of this endpoint.",
            code="webhook_signature_mismatch",
        )
    return _event(raw)


def _raw(body: object) -> bytes:
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")  # what is no text has no signature that fits
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    raise TypeError("body must be bytes or a str: what came, before anything reads it as JSON")


@dataclass(frozen=True)
class _Key:
    version: str  # of the signatures that it is for: the bytes of one kind are never used as the other
    matcher: Callable[[bytes], Matches]  # gives, for a content, what says whether a signature is of it


def _keys(texts: Sequence[str]) -> list[_Key]:
    """Reads keys. An error tells the place and not the key."""
    if not isinstance(texts, Sequence) or isinstance(texts, (str, bytes)) or not texts:
        detail = "There is no list of keys. Pass the secret (whsec_…) or the public key (whpk_…) of the endpoint in one."
        raise InvalidRequestError(detail, code="webhook_key_invalid")
    return [_key(text, f"Key {n} of {len(texts)}") for n, text in enumerate(texts, 1)]


def _key(text: object, place: str) -> _Key:
    kind, _, rest = text.partition("_") if isinstance(text, str) else ("", "", "")
    raw = _from_base64(rest)
    if kind == "whsec" and raw and 24 <= len(raw) <= 64:
        return _Key("v1", _secret(raw))
    if kind == "whpk" and raw and len(raw) == 32:
        return _Key("v1a", _public(raw, place))
    raise InvalidRequestError(
        f"{place} is neither whsec_ with the base64 of 24 to 64 bytes nor whpk_ with that of 32. "
        "Copy it whole, without quotes and spaces.",
        code="webhook_key_invalid",
    )


def _secret(raw: bytes) -> Callable[[bytes], Matches]:
    def matcher(content: bytes) -> Matches:
        want = hmac.digest(raw, content, "sha256")
        return lambda signature: hmac.compare_digest(want, signature)

    return matcher


def _public(raw: bytes, place: str) -> Callable[[bytes], Matches]:
    try:  # by name: whoever checks the types of this library need not have the package
        ed25519: Any = importlib.import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
        exceptions: Any = importlib.import_module("cryptography.exceptions")
    except ImportError as cause:
        raise InvalidRequestError(
            f"{place} is a public key, which needs the package cryptography: "
            "install florin-sdk[ed25519], or pass the secret (whsec_…).",
            code="webhook_key_unsupported",
        ) from cause
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)

    def matcher(content: bytes) -> Matches:
        def matches(signature: bytes) -> bool:
            try:
                key.verify(signature, content)
            except exceptions.InvalidSignature:
                return False
            return True

        return matches

    return matcher


def _headers(headers: WebhookHeaders) -> tuple[str, str, str]:
    """The id, the timestamp and the signatures."""
    found: dict[str, list[str]] = {}
    for name, value in headers.items():
        found.setdefault(name.lower(), []).append(value)

    def one(name: str) -> str:
        values = found.get(name, [])
        if len(values) > 1:
            raise WebhookError(f"The header {name} is there more than once.", code="webhook_header_invalid")
        if not values or not values[0]:
            raise WebhookError(f"The header {name} is missing. Pass all headers of the request.", code="webhook_header_missing")
        return values[0]

    id, timestamp, signatures = one("webhook-id"), one("webhook-timestamp"), one("webhook-signature")
    if not re.fullmatch("[!-~]{1,256}", id):
        detail = "The header webhook-id is not 1 to 256 printable ASCII characters without spaces."
        raise WebhookError(detail, code="webhook_header_invalid")
    if len(signatures) > _SIGNATURE_MAX or signatures.count(" ") >= _SIGNATURES_MAX:
        detail = "The header webhook-signature has more than 100 signatures or 16384 characters."
        raise WebhookError(detail, code="webhook_header_invalid")
    return id, timestamp, signatures


def _fresh(timestamp: str, now: datetime | None, tolerance: float) -> None:
    """Refuses what was signed too far from now."""
    if now is not None and now.tzinfo is None:
        raise ValueError("now needs a time zone, as datetime.now(timezone.utc) has")
    if not re.fullmatch("[0-9]{1,12}", timestamp):
        detail = "The header webhook-timestamp is not a whole number of seconds since 1970."
        raise WebhookError(detail, code="webhook_timestamp_invalid")
    age = (now or datetime.now(timezone.utc)).timestamp() - int(timestamp)
    if age > tolerance:
        raise WebhookError(
            f"The delivery was signed more than {tolerance:g} s ago. "
            "It is a copy of an old one, or this machine's clock is ahead.",
            code="webhook_too_old",
        )
    if age < -tolerance:
        detail = f"The delivery was signed more than {tolerance:g} s from now. This machine's clock is behind."
        raise WebhookError(detail, code="webhook_too_new")


def _signed(signatures: str, version: str, matches: Matches) -> bool:
    """Whether one of the signatures fits. Versions that are not known are passed over: a platform may add some."""
    for text in signatures.split(" "):
        is_of, _, rest = text.partition(",")
        signature = _from_base64(rest) if is_of == version else None
        if signature and matches(signature):
            return True
    return False


def _event(body: bytes) -> Event:
    cause: Exception | None = None
    try:
        value = json.loads(body)
        if isinstance(value, dict):
            return Event.from_json(value)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        cause = error
    raise WebhookError("The body is signed and is no event.", code="webhook_event_invalid") from cause


def _from_base64(text: str) -> bytes | None:
    """Standard base64 in the one way to write it: a key with spaces or without its end was not copied well."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return raw if base64.b64encode(raw).decode() == text else None
