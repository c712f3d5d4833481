"""A client for a Florin payment platform.

    client = florin.Florin("http://127.0.0.1:8080", key)
    payment = client.payments.create(amount=1999, currency="USD", source="tok_visa")

Amounts are whole numbers of the currency's minor units: 1999 with USD is 19.99 dollars.
"""

from ._call import VERSION as __version__
from ._client import Florin
from ._error import (
    AuthenticationError,
    ConflictError,
    FieldError,
    FlorinError,
    InvalidRequestError,
    NetworkError,
    NotFoundError,
    RailError,
    RateLimitError,
    RefusedError,
    UnavailableError,
    WebhookError,
)
from ._page import Page, Pages
from ._transport import HTTPTransport, Request, Response, Stream, StreamTransport, Transport
from ._types import *  # noqa: F403
from ._webhook import WebhookHeaders, verify_webhook

__all__ = [  # noqa: F405
    "AuthenticationError",
    "ConflictError",
    "FieldError",
    "Florin",
    "FlorinError",
    "HTTPTransport",
    "InvalidRequestError",
    "NetworkError",
    "NotFoundError",
    "Page",
    "Pages",
    "RailError",
    "RateLimitError",
    "RefusedError",
    "Request",
    "Response",
    "Stream",
    "StreamTransport",
    "Transport",
    "UnavailableError",
    "WebhookError",
    "WebhookHeaders",
    "__version__",
    "verify_webhook",
]
