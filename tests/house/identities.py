"""Looks for people in places where no person may be: logs, metrics, errors, keys, addresses.

A test plants known invented people (*canaries*) and then hands every text the hub wrote to
`find_identities`.  It knows the disguises that text really takes on its way through a hub: other
case, an NHS number in groups, a date in HL7 or British form, percent-encoding, JSON and HTML
escapes.  Beyond the canaries it reports every well-formed NHS number of the test range, so that a
person nobody planted is found as well.

It does not see through encryption, compression or base64.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_plus

_TEST_RANGE = re.compile(r"(?<![\d.])999[ \-]?\d{3}[ \-]?\d{4}(?!\d)")
"""NHS numbers of the range that no living person has; anything else would not be synthetic."""

_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_JSON_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SHORTEST = 4
"""A canary below four characters would be found by chance, in any word."""


@dataclass(frozen=True)
class Finding:
    """Where an identity stands: 1-based line, what it is, and the words around it."""

    line: int
    canary: str
    excerpt: str


def find_identities(text: str, canaries: Iterable[str]) -> list[Finding]:
    """Every place of `text` that shows one of `canaries`, or any test NHS number at all.

    `canaries` are family names, NHS numbers, ISO birth dates, postcodes, phrases of clinical
    text.  An empty result means that none was found, in any of the disguises above.  Raises
    ValueError for a canary too short to mean anything.
    """
    patterns = {canary: _pattern(canary) for canary in canaries}
    return [
        finding
        for number, line in enumerate(text.splitlines(), start=1)
        for finding in _in_line(number, line, patterns)
    ]


def nhs_number_is_valid(digits: str) -> bool:
    """Whether the tenth digit is the modulus-11 check of the nine before it."""
    total = sum(
        int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)
    )
    return (11 - total % 11) % 11 == int(digits[9])


def _in_line(number: int, line: str, patterns: dict[str, re.Pattern[str]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for form in _undisguised(line):
        for canary, pattern in patterns.items():
            if canary not in seen and (found := pattern.search(form)):
                seen.add(canary)
                yield Finding(number, canary, _around(form, found))
        for found in _TEST_RANGE.finditer(form):
            digits = re.sub(r"\D", "", found.group())
            if digits not in seen and nhs_number_is_valid(digits):
                seen.add(digits)
                yield Finding(number, digits, _around(form, found))


def _undisguised(line: str) -> tuple[str, ...]:
    """The line as it stands, and as it reads once its escapes are taken off."""
    plain = _JSON_ESCAPE.sub(lambda found: chr(int(found.group(1), 16)), line)
    return tuple(dict.fromkeys((line, unquote_plus(html.unescape(plain)))))


def _pattern(canary: str) -> re.Pattern[str]:
    if len(canary) < _SHORTEST:
        raise ValueError(f"a canary of {len(canary)} characters would be found by chance")
    if date := _ISO_DATE.fullmatch(canary):
        year, month, day = date.groups()
        sep = r"[-/. ]?"
        return re.compile(rf"(?<!\d)(?:{year}{sep}{month}{sep}{day}|{day}{sep}{month}{sep}{year})")
    if canary.isdigit():
        return re.compile(r"(?<!\d)" + r"[ \-]?".join(canary) + r"(?!\d)")
    words = r"[\s_+\-]*".join(re.escape(word) for word in canary.split())
    return re.compile(words, re.IGNORECASE)


def _around(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - 30) : found.end() + 30]
