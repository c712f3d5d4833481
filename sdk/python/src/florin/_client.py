"""The client."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from ._call import Caller
from ._resources import Resources
from ._transport import HTTPTransport, Transport


class Florin(Resources):
    """Calls one platform with one API key. Many threads may use it at once.

    base_url: The platform's URL, such as "https://pay.example.org".

    api_key: It shows in no error and in no repr.

    timeout: Seconds for each try of a call. The platform gives up after 30 and says so.

    retries: How often a call is sent again at most; 0: never.

    transport: Carries the requests instead of http.client: for a proxy or for tracing.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float = 35,
        retries: int = 3,
        transport: Transport | None = None,
    ) -> None:
        url = urlsplit(base_url)
        if url.scheme not in ("http", "https") or not url.hostname or url.username or url.query or url.fragment:
            raise ValueError("the base URL must look like https://pay.example.org")
        # http.client would put a key that cannot stand in a header into its error.
        if not isinstance(api_key, str) or not re.fullmatch("[!-~]+", api_key):
            raise ValueError("the API key must be printable ASCII without spaces")
        self._base_url = base_url.rstrip("/")
        self._caller = Caller(self._base_url, api_key, transport or HTTPTransport(), timeout, retries)
        super().__init__(self._caller)

    def close(self) -> None:
        """Closes the connections that are kept open."""
        self._caller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Florin({self._base_url})"
