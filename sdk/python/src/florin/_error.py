"""Errors, one class for each family."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One bad place of a request."""

    pointer: str  # JSON pointer into the body, or "?name" of the query
    code: str
    detail: str


class FlorinError(Exception):
    """Why a call failed. It holds neither the API key nor what was sent."""

    def __init__(
        self,
        detail: str,
        *,
        status: int = 0,
        code: str = "",
        decline_code: str = "",
        advice: str = "",
        object_id: str = "",
        request_id: str = "",
        fields: Sequence[FieldError] = (),
        retryable: bool = False,
        retry_after: float = 0,
    ) -> None:
        super().__init__(detail)
        self.detail = detail  # a sentence for people, which may change
        self.status = status  # of HTTP; 0 if no answer came
        self.code = code  # stable, such as "card_declined"; "" if the platform gave none
        self.decline_code = decline_code  # why a payment was declined
        self.advice = advice  # what to do about it, such as "try_another_source"
        self.object_id = object_id  # what records the refusal
        self.request_id = request_id  # for support
        self.fields = tuple(fields)  # every bad place of the request
        self.retryable = retryable  # the same call, with the same idempotency_key, may succeed later
        self.retry_after = retry_after  # seconds that the platform asked to wait; 0 if it did not say
        self.idempotency_key = ""  # under which the call was made; "" if it creates nothing

    def __str__(self) -> str:
        parts = [f"{self.code}: {self.detail}" if self.code else self.detail]
        parts += [f"{f.pointer}: {f.detail}" for f in self.fields]
        if self.decline_code:
            parts.append(f"({self.decline_code}, {self.advice})")
        if self.request_id:
            parts.append(f"[{self.request_id}]")
        return " ".join(parts)


class AuthenticationError(FlorinError):
    """Another key or another scope is needed (401, 403)."""


class InvalidRequestError(FlorinError):
    """The request must be mended; see fields (400, 405, 406, 413, 415, 422)."""


class NotFoundError(FlorinError):
    """There is no such object for this key (404)."""


class RefusedError(FlorinError):
    """The answer is no, as for a declined card; see decline_code and advice (402)."""


class ConflictError(FlorinError):
    """The object's state does not allow it (409)."""


class RailError(FlorinError):
    """The payment network refused; the object is as it was (424)."""


class RateLimitError(FlorinError):
    """The key calls faster than it may (429)."""


class UnavailableError(FlorinError):
    """The platform could not say (5xx).

    It may or may not have taken effect: the same call with the same idempotency_key tells.
    """


class NetworkError(FlorinError):
    """No answer came. It may or may not have taken effect: the same call with the same idempotency_key tells."""


class WebhookError(FlorinError):
    """A webhook delivery cannot be trusted; code says why. Of verify_webhook only."""


_FAMILIES: Mapping[int, type[FlorinError]] = {
    401: AuthenticationError,
    402: RefusedError,
    403: AuthenticationError,
    404: NotFoundError,
    409: ConflictError,
    424: RailError,
    429: RateLimitError,
}
_PASSING = (429, 502, 503, 504)
_BUSY = ("idempotency_key_in_use", "payment_busy")


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> FlorinError:
    """Reads a problem (RFC 9457). What a machine between answered has no code.

    A redirect is unavailable: whoever is there is not the platform.
    """
    problem = _object(body)
    family = _FAMILIES.get(status, InvalidRequestError if 400 <= status < 500 else UnavailableError)
    code = _text(problem, "code")
    after = headers.get("retry-after", "")
    places = problem.get("errors")
    return family(
        _text(problem, "detail") or f"HTTP status {status}, not from the platform's own hand.",
        status=status,
        code=code,
        decline_code=_text(problem, "decline_code"),
        advice=_text(problem, "advice"),
        object_id=_text(problem, "object_id"),
        request_id=_text(problem, "request_id") or headers.get("request-id", ""),
        fields=[_place(p) for p in places if isinstance(p, dict)] if isinstance(places, list) else [],
        retryable=status in _PASSING or status == 409 and code in _BUSY,
        retry_after=int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:  # not the platform's
        return {}
    return value if isinstance(value, dict) else {}


def _text(problem: Mapping[str, Any], name: str) -> str:
    value = problem.get(name)
    return value if isinstance(value, str) else ""


def _place(p: Mapping[str, Any]) -> FieldError:
    return FieldError(_text(p, "pointer"), _text(p, "code"), _text(p, "detail"))
