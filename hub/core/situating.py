"""Works the circumstances of a notice out of the episode, and leaves out what is not hers to know.

The table of field groups (`hub/policy/fields.toml`) decides: what a role may not have in full is
not known to its filters either.  What hangs over the family counts only as far as this very
recipient was told of it, so that no filter asks about what was kept from her.
"""

from collections.abc import Iterator

from hub.core.circumstances import Circumstances, Flag, Relation, Stage, district_of
from hub.core.deadlines import gestation_days, local_date
from hub.core.draft import Draft
from hub.core.episode import Obligation
from hub.core.lifecycle import ENDED
from hub.core.model import GapState, Purpose
from hub.core.policy import Show
from hub.core.redaction import Reader

PREGNANCY, BIRTH, LOSS, ADDRESS, PLAN = "pregnancy", "birth", "loss", "address", "plan"
"""The groups of `hub/policy/fields.toml` that decide."""

PRACTICE = "GP_PRACTICE"
"""The role that the practice holds where she is registered."""


def circumstances_of(draft: Draft, obligation: Obligation) -> Circumstances:
    """What a filter may know of a notice of this duty, issued now to its present recipient."""
    reader = Reader(draft, obligation.role, ())
    rule = draft.policy.tells.get(obligation.rule)
    of_her, of_baby = _may_have(draft, reader, PREGNANCY), _may_have(draft, reader, BIRTH)
    stage, born_days = _stage(draft, reader)
    due = draft.due_date if of_her and stage is Stage.PREGNANCY else None
    practice = draft.holder(PRACTICE) if of_her else None
    duties = [each for each in draft.obligations.values() if each.role == obligation.role]
    return Circumstances(
        event=rule.on if rule is not None else "",
        audience=reader.audience,
        stage=stage.value,
        gestation_days=None if due is None else gestation_days(due, local_date(draft.at)),
        baby_age_days=born_days if of_baby else None,
        practice=practice.organisation if practice else "",
        provider=(of_her and draft.provider) or "",
        area=draft.area if _may_have(draft, reader, ADDRESS) else "",
        district=_district(draft, reader),
        relations=_relations(draft, obligation.organisation),
        labels=tuple(_labels(draft, reader, obligation)),
        flags=tuple(_flags(draft, reader, obligation, duties)),
        gap_severity=_gravest(draft, obligation, duties),
    )


def _district(draft: Draft, reader: Reader) -> str:
    """The postcode district where she lives; unknown where her address is restricted.

    A district is a few streets' walk: a road that goes by it would say where she went.
    """
    postcode = draft.mother.postcode if draft.mother is not None else None
    if not postcode or not _may_have(draft, reader, ADDRESS):
        return ""
    restricting = {label for label, rule in draft.policy.labels.items() if rule.group == ADDRESS}
    if any(restricting & set(each.labels) for each in draft.history):
        return ""
    return district_of(postcode)


def _may_have(draft: Draft, reader: Reader, name: str) -> bool:
    """Whether a role has a group of fields in full; her agreement is looked up only where asked."""
    group = draft.policy.groups.get(name)
    show = group.audience.get(reader.audience) if group is not None else None
    return show is Show.FULL or (show is Show.CONSENT and reader.share(group).show is Show.FULL)


def _stage(draft: Draft, reader: Reader) -> tuple[Stage, int | None]:
    """How far the pregnancy is, and how many days old the youngest living baby is."""
    living = [b.born_at for b in draft.babies if b.born_at is not None and b.ended_at is None]
    if living and not draft.ended:
        days = (local_date(draft.at) - local_date(max(living))).days
        return Stage.BIRTH, max(days, 0)
    if draft.ended or any(b.ended_at for b in draft.babies):
        return (Stage.LOSS if _may_have(draft, reader, LOSS) else Stage.UNKNOWN), None
    return Stage.PREGNANCY, None


def _relations(draft: Draft, organisation: str) -> tuple[str, ...]:
    """What ties her to the recipient; nothing here is news to it."""
    found = {Relation.BOOKED} if draft.provider == organisation else set[Relation]()
    for holder in draft.team:
        begun = holder.since is None or holder.since <= draft.at
        ended = holder.until is not None and holder.until <= draft.at
        if holder.organisation != organisation or not begun or ended:
            continue
        if holder.role == PRACTICE:
            found.add(Relation.REGISTERED)
        if holder.found_by == "address":
            found.add(Relation.RESIDENT)
        if holder.found_by == "assignment" and holder.accepted:
            found.add(Relation.CASELOAD)
    return tuple(sorted(each.value for each in found))


def _labels(draft: Draft, reader: Reader, obligation: Obligation) -> Iterator[str]:
    """The labels of the event behind it, of which the recipient's role may know."""
    trigger = draft.remembered(obligation.trigger)
    for label in trigger.labels if trigger is not None else ():
        rule = draft.policy.labels.get(label)
        if rule is None:
            continue
        if reader.share(draft.policy.groups.get(rule.group)).show is not Show.NOTHING:
            yield label


def _flags(
    draft: Draft, reader: Reader, obligation: Obligation, duties: list[Obligation]
) -> Iterator[str]:
    """What hangs over the family; `duties` are all to the recipient's role."""
    planned = bool(draft.plans) and _may_have(draft, reader, PLAN)
    if planned:
        yield Flag.PLAN.value
    if planned or any(_was_told(draft, each, obligation) for each in duties):
        yield Flag.SAFEGUARDING.value


def _was_told(draft: Draft, each: Obligation, obligation: Obligation) -> bool:
    """Whether a duty has told this recipient, or tells it now, something for safeguarding."""
    rule = draft.policy.tells.get(each.rule)
    if rule is None or rule.purpose is not Purpose.SAFEGUARDING or each.state in ENDED:
        return False
    now = each.obligation_id == obligation.obligation_id
    return now or any(one.organisation == obligation.organisation for one in each.told)


def _gravest(draft: Draft, obligation: Obligation, duties: list[Obligation]) -> int:
    """The severity of the gravest open gap that the recipient owns, or that is about telling it.

    One that an escalation tells it of is the trigger of that duty.
    """
    if not draft.gaps:
        return 0
    role, place = obligation.role, obligation.organisation
    about = {each.gap_id for each in duties if each.organisation == place}
    about.add(obligation.trigger)
    known = [
        gap.severity
        for gap in draft.gaps.values()
        if gap.state is GapState.OPEN
        and ((gap.role == role and gap.organisation == place) or gap.gap_id in about)
    ]
    return int(max(known, default=0))
