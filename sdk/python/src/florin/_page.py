"""Lists that are fetched page after page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar


class Row(Protocol):
    """An object that a list holds."""

    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, kw_only=True)
class Page(Generic[R]):
    """One answer of a list."""

    data: Sequence[R]  # in the list's order
    has_more: bool  # in the direction of reading
    url: str
    # Where the next page begins. A page can be short, even empty, and yet have one: the platform
    # looked at as many objects as it does at once.
    next_cursor: str
    # What the platform sent and this version does not know.
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


_KNOWN = ("object", "data", "has_more", "url", "next_cursor")


def page_reader(read: Callable[[Any], R]) -> Callable[[Any], Page[R]]:
    """Makes the function that reads a page of objects."""

    def read_page(page: Any) -> Page[R]:
        return Page(
            data=[read(row) for row in page["data"]],
            has_more=page["has_more"],
            url=page["url"],
            next_cursor=page.get("next_cursor", ""),
            extra={k: v for k, v in page.items() if k not in _KNOWN},
        )

    return read_page


class Pages(Generic[R]):
    """A list: from the newest to the oldest or, with ending_before, from there to ever newer ones."""

    def __init__(self, fetch: Callable[[Mapping[str, str]], Page[R]], *, backwards: bool) -> None:
        self._fetch = fetch
        self._backwards = backwards

    def page(self) -> Page[R]:
        """The first page."""
        return self._fetch({})

    def pages(self) -> Iterator[Page[R]]:
        """Every page. The next is fetched when it is asked for."""
        place: dict[str, str] = {}
        while True:
            page = self._fetch(place)
            yield page
            last = page.data[0 if self._backwards else -1].id if page.data else ""
            cursor = page.next_cursor or last
            if not page.has_more or not cursor:
                return
            place = {"ending_before" if self._backwards else "starting_after": cursor}

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from reversed(page.data) if self._backwards else page.data
