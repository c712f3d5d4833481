"""Calls: sent, and sent again where that is safe and of use."""

from __future__ import annotations

import http.client
import json
import platform
import random
import re
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from ._error import FlorinError, InvalidRequestError, NetworkError, UnavailableError, refusal
from ._page import Page, Pages, Row, page_reader
from ._transport import Request, Stream, StreamTransport, Transport

VERSION = "0.1.0"

_AGENT = f"florin-python/{VERSION} (Python {platform.python_version()}; {platform.system()})"
_BACKOFF_FIRST = 0.25
_BACKOFF_MAX = 8.0
_RETRY_AFTER_MAX = 30.0  # longer is not waited for

A = TypeVar("A")
R = TypeVar("R", bound=Row)


class Caller:
    """Sends calls for one client."""

    def __init__(self, base: str, key: str, transport: Transport, timeout: float, retries: int) -> None:
        self._base = base
        self._key = key
        self._transport = transport
        self._timeout = timeout
        self._retries = retries
        # Tests change these.
        self._sleep: Callable[[float], object] = time.sleep
        self._chance = random.random

    def __repr__(self) -> str:
        return f"Caller({self._base})"

    def send(
        self,
        read: Callable[[Any], A],
        verb: str,
        path: str,
        params: Mapping[str, Any],
        *,
        creates: bool = False,
        idempotency_key: str | None = None,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> A:
        """Makes a call. Raises a FlorinError of the family that fits."""
        key = _idempotency(idempotency_key) if creates else ""
        request = self._request(verb, path, params, key, self._timeout if timeout is None else timeout)
        tries = self._retries if retries is None else retries
        body = self._attempts(lambda: self._once(request), creates or verb != "POST", key, tries)
        return _parse(read, body, key)

    def pages(
        self,
        read: Callable[[Any], R],
        verb: str,
        path: str,
        params: Mapping[str, Any],
        *,
        timeout: float | None,
        retries: int | None,
    ) -> Pages[R]:
        """A list, of which nothing is read yet."""

        def fetch(place: Mapping[str, str]) -> Page[R]:
            return self.send(page_reader(read), verb, path, {**params, **place}, timeout=timeout, retries=retries)

        return Pages(fetch, backwards=bool(params.get("ending_before")))

    def stream(
        self,
        read: Callable[[Any], A],
        verb: str,
        path: str,
        params: Mapping[str, Any],
        *,
        timeout: float | None,
        retries: int | None,
    ) -> Iterator[A]:
        """What an export holds, as it comes.

        Until it has begun it is sent again as any call; later nobody but the caller knows what
        to do with a part. The timeout is for each piece.
        """
        request = self._request(verb, path, params, "", self._timeout if timeout is None else timeout)
        request = replace(request, headers={**request.headers, "Accept": "application/x-ndjson"})
        tries = self._retries if retries is None else retries
        answer = self._attempts(lambda: self._begin(request), True, "", tries)
        with closing(_lines(answer.pieces)) as lines:
            for line in lines:
                if line.strip():  # an empty one says that the server is there
                    yield _parse(read, line, "")

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._transport.close()

    def _attempts(self, once: Callable[[], A], repeatable: bool, key: str, retries: int) -> A:
        tries = 0
        while True:
            try:
                return once()
            except FlorinError as error:
                error.idempotency_key = key
                error.retryable = error.retryable and (repeatable or error.status == 429)
                if not error.retryable or tries >= retries:
                    raise
                wait = self._backoff(tries, error.retry_after)
            self._sleep(wait)
            tries += 1

    def _once(self, request: Request) -> bytes:
        try:
            response = self._transport.send(request)
        except (OSError, http.client.HTTPException) as cause:
            raise NetworkError("No answer came from the platform.", retryable=True) from cause
        if not 200 <= response.status <= 299:
            raise refusal(response.status, response.headers, response.body)
        return response.body

    def _begin(self, request: Request) -> Stream:
        if not isinstance(self._transport, StreamTransport):
            raise TypeError("an export needs a transport with a method stream: see florin.StreamTransport")
        try:
            answer = self._transport.stream(request)
            body = b"" if 200 <= answer.status <= 299 else b"".join(answer.pieces)
        except (OSError, http.client.HTTPException) as cause:
            raise NetworkError("No answer came from the platform.", retryable=True) from cause
        if not 200 <= answer.status <= 299:
            raise refusal(answer.status, answer.headers, body)
        return answer

    def _backoff(self, tries: int, asked: float) -> float:
        """Seconds to wait after a try: a random part of a span that doubles each time, on top of what was asked for."""
        span: float = min(_BACKOFF_FIRST * 2**tries, _BACKOFF_MAX)
        return min(asked, _RETRY_AFTER_MAX) + self._chance() * span

    def _request(self, verb: str, path: str, params: Mapping[str, Any], key: str, timeout: float) -> Request:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", "User-Agent": _AGENT}
        given = {name: _plain(name, value) for name, value in params.items() if value is not None}
        url, body = self._base + path, None
        if verb == "POST":
            headers["Content-Type"] = "application/json"
            body = json.dumps(given).encode()
        elif given:
            url += "?" + urlencode(list(_query(given)))
        if key:
            headers["Idempotency-Key"] = key
        return Request(verb, url, headers, body, timeout)


def _parse(read: Callable[[Any], A], body: bytes, key: str) -> A:
    try:
        return read(json.loads(body))
    except (TypeError, ValueError, KeyError, AttributeError) as cause:
        error = UnavailableError("The answer could not be read.", status=200)
        error.idempotency_key = key
        raise error from cause


_BROKEN_OFF = "The export broke off: what came is not all of it."


def _lines(pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    """The lines of an answer. Only a whole answer ends without an error."""
    rest = b""
    with closing(pieces):
        while True:
            try:
                piece = next(pieces, b"")
            except (OSError, http.client.HTTPException) as cause:
                raise NetworkError(_BROKEN_OFF, status=200, retryable=True) from cause
            if not piece:
                break
            *found, rest = (rest + piece).split(b"\n")
            yield from found
    if rest:
        raise NetworkError(_BROKEN_OFF, status=200, retryable=True)


def segment(id: str) -> str:
    """An id as one part of a path."""
    if not isinstance(id, str) or id in ("", ".", ".."):
        raise InvalidRequestError("The id of the object is missing.", code="invalid_request")
    return quote(id, safe="")


def _idempotency(given: str | None) -> str:
    key = str(uuid.uuid4()) if given is None else given
    if not re.fullmatch("[ -~]{1,255}", key):
        detail = "The Idempotency-Key must be 1 to 255 printable ASCII characters."
        raise InvalidRequestError(detail, code="idempotency_key_invalid")
    return key


def _plain(name: str, value: Any) -> Any:
    """A parameter as JSON has it."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{name} needs a time zone, as datetime.now(timezone.utc) has")
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{name} cannot be a {type(value).__name__}")


def _query(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """A list repeats its name, a map gives each of its names in brackets."""
    for name, value in params.items():
        if isinstance(value, list):
            yield from ((name, _word(x)) for x in value)
        elif isinstance(value, dict):
            yield from ((f"{name}[{k}]", _word(x)) for k, x in value.items())
        else:
            yield name, _word(value)


def _word(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)
