"""The traits of a notice as they are kept beside it, for whoever chooses its road again."""

from collections.abc import Collection, Mapping

import msgspec

from hub.core.filter_terms import Traits
from hub.core.model import Purpose
from hub.core.outcomes import NoticeIssued
from hub.edges.avro import decode_notice
from hub.edges.directory import Directory

_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Traits).decode


def traits_of(issued: NoticeIssued) -> Traits:
    """The traits of a notice as it is issued."""
    return Traits(
        role=issued.role,
        rule=issued.why.rule,
        purpose=issued.purpose,
        circumstances=issued.circumstances,
    )


def kept(traits: Traits) -> str:
    """Traits as they are stored: codes and numbers, and nobody's name."""
    return _write(traits).decode()


def read_kept(text: str) -> Traits:
    """Traits that were stored."""
    return _read(text)


def traits_beside(payload: bytes, text: str | None) -> Traits:
    """The traits of a stored notice; of one that an older hub stored only what it says itself."""
    if text is not None:
        return read_kept(text)
    notice = decode_notice(payload)
    return Traits(role=notice.role, rule=notice.rule, purpose=notice.purpose)


def traits_known(text: str | None, *, role: str, rule: str | None, purpose: str | None) -> Traits:
    """As `traits_beside`, where the read model says of an old notice what there is to say.

    One whose purpose is unknown counts as safeguarding: rather too much than nothing.
    """
    if text is not None:
        return read_kept(text)
    meant = Purpose(purpose) if purpose else Purpose.SAFEGUARDING
    return Traits(role=role, rule=rule or "", purpose=meant)


def places_in(directory: Directory) -> Mapping[str, Collection[str]]:
    """What the terms of a filter that name a place may be: all that a directory knows."""
    known = directory.organisations
    areas = {each.area for each in known.values()} | {r.area for r in directory.registrations}
    served = {area for role in directory.roles for area in role.serves.area}
    boards = {each.icb for each in known.values()} - {""}
    # A board that no practice here belongs to would match nothing, for ever.
    return {
        "practice": known,
        "provider": known,
        "area": (areas | served) - {""},
        "icb": boards or {"(the directory names none)"},
    }
