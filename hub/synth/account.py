"""The files of a synthetic year: one line a family, and one line a wrong.

`part-NNN.jsonl.gz` holds, for each family, everything that is reported, in the order of the
reports, and the letters that are lost; `truth.jsonl` what was done wrong.  The parts are made and
read one family at a time, so that a year of any size fits into little memory.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from hub.synth.family import Family, iso
from hub.synth.readers import Lost

QUICK = 1
"""The lowest level of compression: a tenth of the size already, and four times as fast as usual."""


class Account(Struct, frozen=True, kw_only=True):
    """One family as the year's files hold it."""

    family: int
    registrations: list[dict[str, str]]
    until: datetime
    events: list[dict[str, Any]]
    lost: list[Lost] = []


class Truth(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One wrong, as the truth file holds it; the fields are those of `family.Wrong`."""

    family: int
    mishap: str
    code: str
    what: str
    whom: str
    severity: int
    since: datetime
    due: datetime
    latest: datetime
    mended_at: datetime | None = None


class Told(NamedTuple):
    """A family as it was made: its account, its wrongs, and codes that may show besides."""

    account: Account
    truths: list[Truth]
    allowed: list[str]


def account_of(family: Family) -> Told:
    """A family as values for the files."""
    family.number_events()
    ids: dict[str, list[str]] = {}
    for happening in family.happenings:
        ids.setdefault(happening.key, []).append(happening.event_id)
    lost = [
        Lost(u.role, about, u.how, u.until, u.person, u.organisation)
        for u in family.unread
        for about in ids.get(u.about, [u.about])
    ]
    account = Account(
        family=family.number,
        registrations=family.registrations,
        until=family.until,
        events=list(family.events()),
        lost=lost,
    )
    truths = [
        Truth(
            family=family.number,
            mishap=w.mishap,
            code=w.code,
            what=w.what,
            whom=w.whom,
            severity=w.severity,
            since=w.since,
            due=w.due,
            latest=w.due + w.slack,
            mended_at=w.mended_at,
        )
        for w in family.wrongs
        if w.due + w.slack < family.until
    ]
    return Told(account, truths, sorted(family.allowed))


_encode = msgspec.json.Encoder().encode


def write_part(path: Path, told: Iterator[Told]) -> list[dict[str, Any]]:
    """Write the families of one part; gives the lines of the truth file, one a family."""
    truths: list[dict[str, Any]] = []
    with gzip.open(path, "wb", compresslevel=QUICK) as out:
        for one in told:
            out.write(_encode(one.account) + b"\n")
            if one.truths or one.allowed:
                wrongs = msgspec.to_builtins(one.truths)
                line = {"family": one.account.family, "wrongs": wrongs, "allowed": one.allowed}
                truths.append(line)
    return truths


def read_part(path: Path) -> Iterator[Account]:
    """The families of one part.  Raises msgspec.ValidationError for a file that is none."""
    decode = msgspec.json.Decoder(Account).decode
    with gzip.open(path, "rb") as lines:
        for line in lines:
            yield decode(line)


def read_truth(path: Path) -> dict[int, tuple[list[Truth], list[str]]]:
    """The truth file: wrongs and codes that may show besides, by family."""
    found: dict[int, tuple[list[Truth], list[str]]] = {}
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["family"]] = (msgspec.convert(row["wrongs"], list[Truth]), row["allowed"])
    return found


__all__ = ["Account", "Told", "Truth", "account_of", "iso", "read_part", "read_truth", "write_part"]
