"""The readable part of a resource: XHTML to plain lines, in one pass and in linear time.

Each line keeps the heading of its table row apart, because "Risks to self: none" says "none", and
"Consent for treatment: yes" says nothing about safeguarding.
"""

import html
from dataclasses import dataclass
from typing import Final

_BREAKS: Final = frozenset(
    {"br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "table", "td", "tr", "ul"}
)
_HEADINGS: Final = frozenset({"th", "caption", "h1", "h2", "h3", "h4", "h5", "h6"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, and the heading of the table row that it stands in."""

    text: str
    heading: str = ""


class Narrative:
    """Takes tags and text in order, and gives the lines."""

    def __init__(self) -> None:
        self._whole: list[str] = []
        self._lines: list[Line] = []
        self._words: list[str] = []
        self._in_heading = 0
        self._row = ""
        """The heading of the row that is being read."""

    def start(self, tag: str) -> None:
        """A tag opens."""
        if tag in _BREAKS or tag in _HEADINGS:
            self._flush()
        if tag == "tr":
            self._row = ""
        if tag in _HEADINGS:
            self._in_heading += 1

    def end(self, tag: str) -> None:
        """A tag closes."""
        if tag in _BREAKS or tag in _HEADINGS:
            self._flush(of_row=tag == "th")
        if tag == "tr":
            self._row = ""
        if tag in _HEADINGS:
            self._in_heading = max(0, self._in_heading - 1)

    def text(self, piece: str) -> None:
        """Text between tags."""
        self._words.append(piece)

    def result(self) -> tuple[str, tuple[Line, ...]]:
        """The whole text, and its lines without those that are headings."""
        self._flush()
        return "\n".join(self._whole), tuple(self._lines)

    def _flush(self, *, of_row: bool = False) -> None:
        line = " ".join("".join(self._words).split())
        self._words.clear()
        if not line:
            return
        if self._in_heading:
            self._whole.append(f"{line}:")
            self._row = line if of_row else self._row
        else:
            self._whole.append(line)
            self._lines.append(Line(line, self._row))


def narrative_of(xhtml: str) -> tuple[str, tuple[Line, ...]]:
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
