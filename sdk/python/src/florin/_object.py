"""How objects are read from JSON. What is missing has its zero value, as in the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, ClassVar, Optional, Self, TypeVar

T = TypeVar("T")
Readers = Mapping[str, Callable[[Any], Any]]

_EPOCH = datetime.fromtimestamp(0, timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Object:
    """An object of an answer."""

    _readers: ClassVar[Readers] = {}

    # What the platform sent and this version does not know.
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Reads an object. Raises TypeError or ValueError for what is none."""
        if data is None:
            data = {}
        if not isinstance(data, dict):
            raise TypeError(f"a {cls.__name__} is not an object")
        known = {name: read(data.get(name)) for name, read in cls._readers.items()}
        return cls(**known, extra={k: v for k, v in data.items() if k not in known})


def text(x: Any) -> str:
    return "" if x is None else str(x)


word = text


def truth(x: Any) -> bool:
    return bool(x)


def whole(x: Any) -> int:
    """Beyond 2^53-1 the platform writes digits in quotes."""
    return 0 if x is None else int(x)


def instant(x: Any) -> datetime:
    return _EPOCH if x is None else datetime.fromisoformat(x)


def strings(x: Any) -> Mapping[str, str]:
    return {} if x is None else dict(x)


def maybe(read: Callable[[Any], T]) -> Callable[[Any], Optional[T]]:
    return lambda x: None if x is None else read(x)


def listed(read: Callable[[Any], T]) -> Callable[[Any], Sequence[T]]:
    return lambda x: [] if x is None else [read(y) for y in x]
