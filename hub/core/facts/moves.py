"""Facts about a change of practice or address: what is new in it, and who is left by it.

What names a baby is about that baby: where it was registered or lived before is not asked of hers.
"""

from collections.abc import Iterable

from hub.core.apart import around
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Episode
from hub.core.facts.register import Recipient, fact, of_type, same_post
from hub.core.holding import HER_PRACTICE
from hub.core.kinds import RECIPIENTS, TEXT, TRUTH
from hub.core.model import Holder

MOVED = "demographics.changed"
_SOCIAL_CARE = ("SOCIAL_WORKER", "CSC_FRONT_DOOR")


def _first(team: Iterable[Holder], *roles: str) -> Holder | None:
    """The first holder of the first role that anybody of a team holds."""
    known = tuple(team)
    return next((h for role in roles for h in known if h.role == role), None)


def _of(known: Episode | Draft, baby: str, *roles: str) -> Holder | None:
    """Who holds the first of some roles around a baby, else around the mother."""
    return _first(around(known.elsewhere, baby), *roles) or _first(known.team, *roles)


def _baby(c: Context) -> str:
    return str(c.body.get("baby_id") or "")


@fact(TRUTH)
def is_news(c: Context) -> bool:
    """Whether a change of practice, address or due date says what the episode did not know.

    Hospital systems restate all three with every message; only a difference is a change.
    """
    said = str(c.body.get("to") or "")
    if "edd" in c.body:
        return bool(c.body["edd"] != c.episode.start.edd)
    match c.body.get("kind"):
        case "gp":
            return said != _practice_before(c)
        case "address":
            return said.partition("|")[0] != _postcode_before(c)
        case _:
            return True


def _practice_before(c: Context) -> str:
    """Her practice as it was last told; a baby's own, and hers until it had one (trap 9)."""
    before = c.episode.start
    if not (baby := _baby(c)):
        return before.practice or ""
    held = _of(before, baby, "GP_PRACTICE_BABY")
    return held.organisation if held is not None else before.practice or ""


def _postcode_before(c: Context) -> str:
    """Her postcode; a baby's as it was last told, and hers until then."""
    mother, baby = c.episode.start.mother, _baby(c)
    known = (mother.postcode if mother else None) or ""
    for earlier in of_type(c.episode, MOVED) if baby else ():
        told = unpack_body(earlier)
        new = c.event is not None and earlier.id != c.event.id
        if new and told.get("kind") == "address" and told.get("baby_id") == baby:
            known = str(told.get("to") or "").partition("|")[0]
    return known


@fact(TEXT)
def practice_from_now(c: Context) -> str | None:
    """Her practice after a change of it: the new one, empty once hers has struck her off; none
    where the change is a baby's, or another practice than hers struck her off.
    """
    if _baby(c):
        return None
    if c.body.get("kind") == "gp":
        return c.body.get("to") or None
    left, known = c.body.get("from"), c.episode.practice
    deducted = c.body.get("kind") == "gp_deducted"
    return "" if deducted and (not left or not known or left == known) else None


@fact(RECIPIENTS)
def former_practice(c: Context) -> tuple[Recipient, ...]:
    """The practice that a woman or a baby has left, so that it is told so (P45): as stated, or as
    last known.
    """
    left = c.body.get("from") or _practice_before(c)
    if not left or left == c.body.get("to"):
        return ()
    return (Recipient(HER_PRACTICE, left, part="left"),)


@fact(RECIPIENTS)
def former_health_visiting(c: Context) -> tuple[Recipient, ...]:
    """The health visiting team that was told of her and holds her no longer (P45); of a baby, the
    one that held it until it moved.
    """
    baby = _baby(c)
    now = c.episode.holder("HV_TEAM", baby)
    last: dict[str, str] = {}
    if baby and (held := _of(c.episode.start, baby, "HV_TEAM")):
        last = {held.organisation: ""}
    for obligation in c.episode.obligations.values() if not baby else ():
        if same_post(obligation.role) == "NAMED_HV" and obligation.rule in c.episode.policy.tells:
            last |= dict.fromkeys((t.organisation for t in obligation.told), obligation.rule)
    left = [o for o, rule in last.items() if now and o != now.organisation and rule[-5:] != ".left"]
    return tuple(Recipient("HV_TEAM", organisation, part="left") for organisation in left)


@fact(RECIPIENTS)
def social_care_there_and_here(c: Context) -> tuple[Recipient, ...]:
    """Social care of where she, or her baby, lived and lives now, each once (P45)."""
    found: dict[str, Recipient] = {}
    for known in (c.episode.start, c.episode):
        holder = _of(known, _baby(c), *_SOCIAL_CARE)
        if holder is not None and holder.organisation not in found:
            found[holder.organisation] = Recipient(
                holder.role, holder.organisation, holder.person, part=holder.organisation
            )
    return tuple(found.values()) or (Recipient("CSC_FRONT_DOOR"),)
