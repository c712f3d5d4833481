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
    # What the platform sent and this version does not know.
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)


def page_reader(read: Callable[[Any], R]) -> Callable[[Any], Page[R]]:
    """Makes the function that reads a page of objects."""

    def read_page(page: Any) -> Page[R]:
        extra = {k: v for k, v in page.items() if k not in ("object", "data", "has_more", "url")}
        return Page(data=[read(row) for row in page["data"]], has_more=page["has_more"], url=page["url"], extra=extra)

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
            if not page.has_more or not page.data:
                return
            if self._backwards:
                place = {"ending_before": page.data[0].id}
            else:
                place = {"starting_after": page.data[-1].id}

    def __iter__(self) -> Iterator[R]:
        for page in self.pages():
            yield from reversed(page.data) if self._backwards else page.data
