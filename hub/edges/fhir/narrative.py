"""The readable part of a resource: XHTML to plain lines, in one pass and in linear time.

Headings of tables are kept in the text and left out of the lines, because "Safety alerts: none"
must be recognised as saying "none".
"""

import html
from typing import Final

_BREAKS: Final = frozenset(
    {"br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "table", "td", "tr", "ul"}
)
_HEADINGS: Final = frozenset({"th", "caption", "h1", "h2", "h3", "h4", "h5", "h6"})


class Narrative:
    """Takes tags and text in order, and gives the lines."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, bool]] = []
        self._words: list[str] = []
        self._heading = 0

    def start(self, tag: str) -> None:
        """A tag opens."""
        if tag in _BREAKS or tag in _HEADINGS:
            self._flush()
        if tag in _HEADINGS:
            self._heading += 1

    def end(self, tag: str) -> None:
        """A tag closes."""
        if tag in _BREAKS or tag in _HEADINGS:
            self._flush()
        if tag in _HEADINGS:
            self._heading = max(0, self._heading - 1)

    def text(self, piece: str) -> None:
        """Text between tags."""
        self._words.append(piece)

    def result(self) -> tuple[str, tuple[str, ...]]:
        """The whole text, and its lines without the headings."""
        self._flush()
        whole = "\n".join(f"{line}:" if heading else line for line, heading in self._lines)
        return whole, tuple(line for line, heading in self._lines if not heading)

    def _flush(self) -> None:
        line = " ".join("".join(self._words).split())
        self._words.clear()
        if line:
            self._lines.append((line, self._heading > 0))


def narrative_of(xhtml: str) -> tuple[str, tuple[str, ...]]:
    """The text and the lines of an XHTML fragment; markup that is broken is read past."""
    reader = Narrative()
    before, *pieces = xhtml.split("<")
    reader.text(html.unescape(before))
    for piece in pieces:
        tag, closed, text = piece.partition(">")
        name = tag.strip("/ \t\r\n").partition(" ")[0].strip("/").lower()
        if closed and tag.startswith("/"):
            reader.end(name)
        elif closed:
            reader.start(name)
            if tag.endswith("/"):
                reader.end(name)
        reader.text(html.unescape(text))
    return reader.result()
