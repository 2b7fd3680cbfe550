"""How much of an event one recipient may have: by the table, by labels, by her agreement.

The table (`hub/policy/fields.toml`, domain section 8) gives every kind of reader a share of every
group of fields.  A label on the event can only lower it.  Readers in the family get a version of
their own, and nothing at all where a label is not theirs: not even the notice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.core.draft import Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.holding import role_now
from hub.core.policy import GroupRule, Show, TellRule
from hub.core.withholding import Route, Withheld, WithheldGround

PREFERENCE = "sharing.preference"
ALL_ROUTINE = "all_routine"
SCOPES = {"gp": "GP", "hv": "HV", "partner": "partner", "vcs": "VCS"}
"""The scope of a sharing preference (E49) that speaks of one audience; others follow the general
one.  The partner follows his own alone."""

UNKNOWN = "unknown"
_RANK = {Show.NOTHING: 0, Show.POINTER: 1, Show.SHORT: 2, Show.FULL: 3}
_LEADS = {"gp": "GP_SG_LEAD", "hv": "NAMED_NURSE_SG"}


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a group somebody may have, and why not all of it."""

    show: Show
    ground: WithheldGround = WithheldGround.AUDIENCE
    label: str = ""


FULL = Share(Show.FULL)


class Reader:
    """One recipient of one event: asks the policy how much of each group is hers."""

    __slots__ = ("_consent", "_draft", "_labels", "audience", "family")

    def __init__(
        self, draft: Draft, role: str, labels: tuple[str, ...], *, agreed: bool | None = None
    ):
        """Take the role, the labels of the event, and her agreement where it is supposed."""
        rule = draft.policy.roles.get(role)
        self.audience = rule.audience if rule else UNKNOWN
        self.family = self.audience in draft.policy.family
        self._draft = draft
        self._labels = labels
        self._consent = agreed

    def share(self, group: GroupRule | None) -> Share:
        """How much of a group the table gives, whatever the event says of itself."""
        if group is None or self.audience not in group.audience:
            return Share(Show.POINTER, WithheldGround.UNKNOWN_READER)
        show = group.audience[self.audience]
        if show is not Show.CONSENT:
            return Share(show)
        if self._consent is None:
            self._consent = agreed(self._draft, self.audience)
        return FULL if self._consent else Share(Show.NOTHING, WithheldGround.NO_CONSENT)

    def share_of_event(self, name: str, base: Share) -> Share:
        """The same for the event's own fields: its labels may lower it, and never raise it."""
        lowest = base
        for label in self._labels:
            under = self._under(label, name)
            if under is not None and _RANK[under.show] < _RANK[lowest.show]:
                lowest = under
        return lowest

    def _under(self, label: str, name: str) -> Share | None:
        """What a label leaves of a group; None where it does not speak of it."""
        rule = self._draft.policy.labels.get(label)
        if rule is None:
            show = Show.NOTHING if self.family else Show.POINTER
            return Share(show, WithheldGround.UNKNOWN_LABEL, label)
        if name not in rule.covers and not self.family:
            return None
        share = self.share(self._draft.policy.groups[rule.group])
        return Share(share.show, WithheldGround.LABEL, label)

    def stopped_by_label(self) -> Share | None:
        """The label that keeps a whole event from somebody in the family."""
        if self.family:
            for label in self._labels:
                under = self._under(label, "")
                if under is not None and under.show is Show.NOTHING:
                    return under
        return None


def agreed(draft: Draft, audience: str) -> bool:
    """Whether she agreed that an audience may know, or somebody recorded a decision to tell it."""
    return agreed_within(draft, SCOPES.get(audience, ALL_ROUTINE))


def scope_of(draft: Draft, role: str) -> str:
    """The scope of her preferences that speaks of a role's audience."""
    rule = draft.policy.roles.get(role)
    return SCOPES.get(rule.audience if rule else UNKNOWN, ALL_ROUTINE)


def agreed_within(draft: Draft, scope: str) -> bool:
    """The same for a scope of her preferences, such as `GP`.

    The latest preference (E49) decides.  A decision against her wish opens nothing to the partner,
    and a safe route that a safeguarding lead chose (G40) opens nothing to anybody.
    """
    wanted = (scope,) if scope == "partner" else (scope, ALL_ROUTINE)
    latest: Remembered | None = None
    for said in draft.history:
        if said.type != PREFERENCE or said.retracted:
            continue
        body = unpack_body(said)
        speaks = body.get("scope") in wanted and not body.get("safe_route_role")
        if speaks and (latest is None or said.occurred_at >= latest.occurred_at):
            latest = said
    if latest is None:
        return False
    body = unpack_body(latest)
    return body.get("agrees") == "y" or (scope != "partner" and body.get("risk_override") == "y")


def withheld(
    draft: Draft, rule: TellRule | None, role: str, name: str, share: Share, sender: str
) -> Withheld:
    """The record of one group not given in full, with the other way to know it."""
    route, at, organisation = _route(draft, rule, role, name, share, sender)
    return Withheld(
        group=name,
        shown=share.show.value,
        ground=share.ground,
        label=share.label,
        route=route,
        route_role=at,
        route_organisation=organisation,
    )


def _route(
    draft: Draft, rule: TellRule | None, role: str, name: str, share: Share, sender: str
) -> tuple[Route, str, str]:
    """Who else must be told, and how; the sender can be asked only by who knows of something."""
    reader = Reader(draft, role, ())
    if reader.family:
        if reader.audience == "partner":
            return Route.NONE, "", ""
        visitor = "HV_TEAM" if draft.born else "COMM_MIDWIFE"
        return Route.IN_PERSON, visitor, _place(draft, visitor)
    if share.show is not Show.NOTHING:
        return Route.ASK_SENDER, "", sender
    roles = rule.to if rule is not None else ()
    for other in (role_now(r, draft.holder(r)) for r in roles):
        given = Reader(draft, other, ()).share(draft.policy.groups.get(name))
        if other != role and given.show is not Show.NOTHING:
            return Route.TOLD_THERE, other, _place(draft, other)
    lead = _LEADS.get(reader.audience, "SG_MIDWIFE")
    return Route.ASK_LEAD, lead, _place(draft, lead)


def _place(draft: Draft, role: str) -> str:
    holder = draft.holder(role)
    return holder.organisation if holder else ""


def groups_of(rows: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The group of every path, from the table that names the paths of each group."""
    return {path: group for group, paths in rows.items() for path in paths}
