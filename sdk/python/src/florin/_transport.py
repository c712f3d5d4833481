"""HTTP by the standard library, over connections that are kept open."""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable
from urllib.parse import SplitResult, urlsplit


@dataclass(frozen=True)
class Request:
    """What is sent. Neither headers nor body print: they hold the key and cards."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    timeout: float  # seconds until the whole answer must be there


@dataclass(frozen=True)
class Response:
    """What came back. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Stream:
    """An answer that is still coming. Its pieces know nothing of lines; close them to give it up."""

    status: int
    headers: Mapping[str, str]
    pieces: Generator[bytes, None, None]


class Transport(Protocol):
    """Carries a request. Many threads may use it at once."""

    def send(self, request: Request) -> Response:
        """Gives whatever answer came, without following redirects.

        Raises OSError or http.client.HTTPException if none came.
        """

    def close(self) -> None:
        """Gives up what it holds."""


@runtime_checkable
class StreamTransport(Transport, Protocol):
    """A transport that exports can be read by."""

    def stream(self, request: Request) -> Stream:
        """Gives whatever answer began. The timeout is for each piece of it.

        Raises as send does, and so do the pieces if the answer breaks off.
        """


class HTTPTransport:
    """The transport that a client has if it is given no other.

    It reads no settings of proxies. A connection that a thread uses belongs to that thread
    alone; afterwards it waits for the next request to the same place.
    """

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, idle_max: int = 32) -> None:
        self._ssl = ssl_context
        self._idle_max = idle_max
        self._idle: list[tuple[str, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()

    def send(self, request: Request) -> Response:
        ends = time.monotonic() + request.timeout
        url = urlsplit(request.url)
        place = f"{url.scheme}://{url.netloc}"
        connection = self._take(place) or self._open(url.scheme, url.netloc)
        try:
            response = _exchange(connection, request, _target(url), ends)
        except BaseException:
            connection.close()
            raise
        self._put(place, connection)
        return response

    def stream(self, request: Request) -> Stream:
        url = urlsplit(request.url)
        connection = self._open(url.scheme, url.netloc)  # of its own: it may be given up midway
        connection.timeout = request.timeout
        try:
            connection.request(request.method, _target(url), request.body, dict(request.headers))
            answer = connection.getresponse()
        except BaseException:
            connection.close()
            raise
        return Stream(answer.status, _headers(answer), _pieces(connection, answer))

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()

    def _open(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(netloc, context=self._ssl)
        return http.client.HTTPConnection(netloc)

    def _take(self, place: str) -> http.client.HTTPConnection | None:
        while True:
            with self._lock:
                at = next((i for i in reversed(range(len(self._idle))) if self._idle[i][0] == place), -1)
                if at < 0:
                    return None
                _, connection = self._idle.pop(at)
            if _quiet(connection.sock):
                return connection
            connection.close()

    def _put(self, place: str, connection: http.client.HTTPConnection) -> None:
        if connection.sock is None:  # the platform closed it
            return
        with self._lock:
            if len(self._idle) < self._idle_max:
                self._idle.append((place, connection))
                return
        connection.close()


_PIECE = 64 << 10


def _pieces(connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Generator[bytes, None, None]:
    try:
        while piece := answer.read1(_PIECE):
            yield piece
    finally:
        connection.close()


def _target(url: SplitResult) -> str:
    return f"{url.path}?{url.query}" if url.query else url.path


def _headers(answer: http.client.HTTPResponse) -> Mapping[str, str]:
    return {k.lower(): v for k, v in answer.getheaders()}


def _quiet(sock: socket.socket) -> bool:
    """Says whether nobody spoke on an idle connection: what can be read there is its end."""
    try:
        poll = select.poll()
    except AttributeError:  # Windows
        return not select.select([sock], [], [], 0)[0]
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def _exchange(connection: http.client.HTTPConnection, request: Request, target: str, ends: float) -> Response:
    connection.timeout = _left(ends)
    if connection.sock is None:
        connection.connect()
    connection.sock.settimeout(_left(ends))
    connection.response_class = _within(ends)
    connection.request(request.method, target, request.body, dict(request.headers))
    answer = connection.getresponse()
    body = answer.read()
    return Response(answer.status, _headers(answer), body)


def _left(ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left


def _within(ends: float) -> Any:
    """Makes responses that must be read before an instant, however slowly they drip."""

    def response(sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
        return http.client.HTTPResponse(_Timed(sock, ends), *args, **kwargs)  # type: ignore[arg-type]

    return response


class _Timed(io.RawIOBase):
    """A socket's input until an instant. It is its own file, which is all that a response asks for."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self._sock, self._ends = sock, ends
        self._file = sock.makefile("rb", buffering=0)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._ends))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
