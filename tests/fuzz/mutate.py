"""Messages damaged in the ways that wires, disks, systems and strangers damage them.

Everything follows from the seed of the `Random` that is given: one input can be made again alone.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, Final

LONGEST: Final = 96 * 1024
"""Repetition and nesting stop here, so that a run is many inputs and not a few large ones."""

TRAPS: Final = (
    *(b'"', b"'", b"<", b">", b"&", b"|", b"^", b"~", b"\\", b"\r", b"\n", b"\t", b"\x00"),
    *(b"{", b"}", b"[", b"]", b",", b":", b"null", b"true", b'""', b"\x0b", b"\x1c\r", b"\x1c"),
    *(b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\\ud800", b"\\u0000"),
    *(b"&#0;", b"&amp;", b"&#x10FFFF;", b"<![CDATA[", b"]]>", b"<!--", b"<?x?>", b"<!DOCTYPE a>"),
    *(b"\\X0B\\", b"\\.br\\", b"\\Z", b"\rMSH|^~\\&|", b"BHS|", b"\xe2\x80\xae", b"\xef\xbb\xbf"),
)
NUMBERS: Final = (
    *(
        b"0",
        b"-0",
        b"-1",
        b"1e999",
        b"-1e-999",
        b"NaN",
        b"Infinity",
        b"0x10",
        b"1_000",
        b"\xd9\xa3",
    ),
    *(b"255", b"65536", b"2147483648", b"9223372036854775808", b"18446744073709551616"),
    *(b"9" * 40, b"9" * 400, b"9" * 5000, b"0.1" + b"0" * 400, b"1" + b"0" * 400 + b"e-400"),
    *(b"00000000", b"99991231235959", b"20260230", b"19000101", b"20260312101500.9999+2400"),
    *(b"2026-13-45", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:60+14:00", b"2026-02-30"),
)
VARINTS: Final = (
    *(b"\xff" * 9 + b"\x01", b"\xff" * 10, b"\xfe" * 9 + b"\x01", b"\xff\xff\xff\xff\x0f"),
    *(b"\x80\xa0\xd9\xe6\x1d", b"\x01", b"\x02", b"\x7f", b"\x80" * 40, b"\x80" * 9 + b"\x01"),
)
"""Lengths and counts as Avro writes them: billions, below zero, without an end."""

_DIGITS: Final = re.compile(rb"\d+")
_ELEMENT: Final = re.compile(
    rb"<(\w+)[^<>]*/>|<(\w+)[^<>]*>(?:(?!<\2[ >]).){0,600}?</\2>", re.DOTALL
)
ODD: Final = (
    *(None, True, 0, -1, 1.5, 1e300, 2**70, "", " ", [], {}, [[]], [None], {"": None}, "\ud800"),
    *("\x00", "x" * 5000, "9990000018", "2026-02-30", "0001-01-01", "9999-12-31T23:59:59+14:00"),
)
_CODINGS: Final = ("utf-16", "utf-16-be", "utf-32", "latin-1", "utf-7", "cp037", "utf-8-sig")


def luck_of(words: str) -> Random:
    """The same words bring the same luck."""
    return Random(words)  # noqa: S311  seeded, no secret


def mutated(seeds: Sequence[bytes], luck: Random) -> bytes:
    """One of the seeds, damaged once or a few times; one in twenty goes through untouched."""
    body = luck.choice(seeds)
    if luck.random() < 0.05:
        return body
    for _ in range(luck.choice((1, 1, 1, 1, 2, 2, 3, 6))):
        body = luck.choice(WAYS)(body, seeds, luck)[:LONGEST]
    return body


def _flipped(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    changed = bytearray(body)
    for _ in range(luck.choice((1, 1, 2, 8)) if body else 0):
        changed[luck.randrange(len(changed))] ^= 1 << luck.randrange(8)
    return bytes(changed)


def _spliced(body: bytes, seeds: Sequence[bytes], luck: Random) -> bytes:
    """The beginning of one message and the end of another."""
    other = luck.choice(seeds)
    return body[: luck.randint(0, len(body))] + other[luck.randint(0, len(other)) :]


def _grafted(body: bytes, seeds: Sequence[bytes], luck: Random) -> bytes:
    """A piece of another message inside this one."""
    other, at = luck.choice(seeds), luck.randint(0, len(body))
    start = luck.randint(0, len(other))
    return body[:at] + other[start : start + luck.randint(1, 400)] + body[at:]


def _cut(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    return body[: luck.randint(0, len(body))]


def _holed(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    at = luck.randint(0, len(body))
    return body[:at] + body[at + luck.choice((1, 2, 10, 100, 1000)) :]


def _doubled(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """A piece that comes again, once or many times."""
    start = luck.randint(0, len(body))
    end = start + luck.choice((1, 5, 50, 500, 5000))
    return body[:end] + body[start:end] * luck.choice((*(1,) * 12, 2, 3, 40, 300)) + body[end:]


def _trapped(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    at = luck.randint(0, len(body))
    return body[:at] + luck.choice(TRAPS) + body[at + luck.choice((0, 0, 1, 3)) :]


def _numbered(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """A number that is another one, most often one that nobody expects."""
    found = [each.span() for each in _DIGITS.finditer(body)]
    if not found:
        return body + luck.choice(NUMBERS)
    start, end = luck.choice(found)
    return body[:start] + luck.choice(NUMBERS) + body[end:]


def _recoded(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """In another character set, the whole or a piece of it."""
    text, coding = body.decode("utf-8", "replace"), luck.choice(_CODINGS)
    if luck.random() < 0.5:
        return text.encode(coding, "replace")
    at = luck.randint(0, len(text))
    middle = text[at : at + 40].encode(coding, "replace")
    return text[:at].encode() + middle + text[at + 40 :].encode()


def _exchanged(body: bytes, seeds: Sequence[bytes], luck: Random) -> bytes:
    """Well-formed still: one value between quotes, or one field, becomes another."""
    mark = b'"' if body.count(b'"') > body.count(b"|") else b"|"
    pieces, others = body.split(mark), luck.choice(seeds).split(mark)
    if len(pieces) < 3:
        return body
    step = 2 if mark == b'"' else 1
    put = luck.choice((*others[1::step], *NUMBERS, b"", b"x" * 3000, b"\\u0000"))
    pieces[luck.randrange(1, len(pieces), step)] = put
    return mark.join(pieces)


def _retyped(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """A string, number or list where the other is expected."""
    found = list(re.finditer(rb'"[^"]{0,80}"|\d+|\btrue\b|\[\]', body))
    if not found:
        return body
    start, end = luck.choice(found).span()
    put = luck.choice((b"1", b"null", b"[]", b"{}", b"[[]]", b'{"a": 1}', b'"x"', b"-1.5", b"true"))
    return body[:start] + put + body[end:]


def _nested(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """Something opened very often, and sometimes closed again."""
    opened, closed = luck.choice(
        ((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"\\F\\", b""), (b"&", b"^"))
    )
    at = luck.randint(0, len(body))
    times = luck.choice((1, 2, 2, 3, 3, 25, 30, 70, 5000))
    inner = luck.choice((b"", b"1", b"null"))
    return body[:at] + opened * times + inner + closed * times + body[at:]


def _shuffled(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """Lines or segments in another order."""
    lines = re.split(rb"(?<=[\r\n>])", body)
    one, two = luck.randrange(len(lines)), luck.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _counted(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    """A length or a count of Avro's that is not true; or the number of another schema."""
    if luck.random() < 0.2:
        return body[:1] + luck.randrange(150).to_bytes(4, "big") + body[5:]
    at = luck.randint(0, len(body))
    return body[:at] + luck.choice(VARINTS) + body[at + luck.choice((0, 1, 1, 2)) :]


def _rebuilt(body: bytes, seeds: Sequence[bytes], luck: Random) -> bytes:
    """JSON that is JSON still, with members lost, moved, doubled in a list or of another type."""
    try:
        root, other = json.loads(body), json.loads(luck.choice(seeds))
    except (ValueError, RecursionError):
        return _element(body, seeds, luck)
    places, others = list(_places(root)), list(_places(other))
    for _ in range(luck.choice((1, 1, 2, 4)) if places else 0):
        holder, at = luck.choice(places)
        mine, (theirs, there) = holder[at], luck.choice(others or places)
        holder[at] = luck.choice(
            (*ODD, theirs[there], [mine], [mine, mine], {"a": mine}, str(mine))
        )
        if luck.random() < 0.2:
            # In the place of a list's member, or of a name, as another name.
            holder[at] = {f"_{at}": mine, "extension": [{"url": "u", "valueCode": "x"}]}
    try:
        return json.dumps(root, ensure_ascii=luck.random() < 0.5).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return body


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every member of every object and list, as its holder and its name or number."""
    inside: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    for at, inner in inside:
        yield value, at
        if isinstance(inner, (dict, list)):
            yield from _places(inner)


def _element(body: bytes, seeds: Sequence[bytes], luck: Random) -> bytes:
    """XML that is XML still, most often: an element lost, doubled, or in a strange place."""
    found = [each.span() for each in _ELEMENT.finditer(body)]
    others = [each[0] for each in _ELEMENT.finditer(luck.choice(seeds))]
    if not found or not others:
        return _exchanged(body, seeds, luck)
    start, end = luck.choice(found)
    put = luck.choice((b"", body[start:end] * 2, luck.choice(others), b"<extension url='u'/>"))
    return body[:start] + put + body[end:]


def _segment(body: bytes, seeds: Sequence[bytes], luck: Random) -> bytes:
    """A segment of another message, in the place of one or behind one."""
    lines, others = body.split(b"\r"), luck.choice(seeds).split(b"\r")
    at = luck.randrange(len(lines))
    lines[at : at + luck.choice((0, 1))] = [luck.choice(others)]
    return b"\r".join(lines)


def _noise(body: bytes, _: Sequence[bytes], luck: Random) -> bytes:
    at = luck.randint(0, len(body))
    return body[:at] + luck.randbytes(luck.choice((1, 4, 30, 300))) + body[at:]


WAYS: Final[tuple[Callable[[bytes, Sequence[bytes], Random], bytes], ...]] = (
    *(_flipped, _flipped, _spliced, _grafted, _cut, _holed, _doubled, _trapped, _trapped),
    *(_numbered, _numbered, _recoded, _exchanged, _exchanged, _exchanged, _retyped, _retyped),
    *(_nested, _shuffled, _counted, _noise, *(_rebuilt,) * 8, _segment, _segment),
)
