"""A page as its reader sees it: the words under an id, and the boxes of figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "source", "wbr"})


@dataclass
class Node:
    """One element with what stands in it."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    inside: list[Node | str] = field(default_factory=list)

    def all(self) -> Iterator[Node]:
        yield self
        for one in self.inside:
            if isinstance(one, Node):
                yield from one.all()

    def by_class(self, name: str) -> list[Node]:
        return [one for one in self.all() if name in one.attributes.get("class", "").split()]

    def by_tag(self, *names: str) -> list[Node]:
        return [one for one in self.all() if one.tag in names]

    def under(self, name: str) -> Node:
        """The element of an id."""
        return next(one for one in self.all() if one.attributes.get("id") == name)

    @property
    def words(self) -> str:
        parts = [one if isinstance(one, str) else one.words for one in self.inside]
        return " ".join(" ".join(parts).split())  # every kind of blank is one blank

    @property
    def boxes(self) -> dict[str, tuple[str, str]]:
        """What stands in boxes of figures: what it is called → (figure, note)."""
        found = {}
        for box in self.by_class("stat"):
            called, figure, *note = [one.words for one in box.inside if isinstance(one, Node)]
            found[called] = (figure, note[0] if note else "")
        return found

    @property
    def rows(self) -> list[list[str]]:
        """The rows of all tables, cell by cell; heads left out."""
        found = [[cell.words for cell in row.by_tag("td", "th")] for row in self.by_tag("tr") if row.by_tag("td")]
        return [row for row in found if row]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("page")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].inside.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if any(one.tag == tag for one in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def read(body: str) -> Node:
    reader = _Reader()
    reader.feed(body)
    return reader.open[0]
