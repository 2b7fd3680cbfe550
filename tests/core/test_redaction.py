"""Who gets how much of an event: the table, the labels, her agreement, and what is said of it.

Rows of the tables below name the role, what the event carries, and what comes of it.
"""

from dataclasses import replace
from typing import Any

import pytest

from hub.core.model import Event, ObligationState
from hub.core.outcomes import NoticeIssued, ObligationEnded, ObligationRaised
from hub.core.policy import Policy, Show
from hub.core.withholding import Route, WithheldGround
from tests.core.stage import MOTHER, Family, local, policy, team

AT = "2026-05-04 10:00"
LOSS = {
    "ended_on": "2026-05-04",
    "outcome": "miscarriage",
    "gestation": {"weeks": 12, "days": 0, "basis": "scan"},
    "contact_wishes": "no_contact",
    "memory_words": "our Wren",
    "partner_involved": "u",
}
ENQUIRY = {"answer": "disclosed", "risk_level": "standard", "safe_contact": "text after nine"}


def told(family: Family, rule: str, role: str) -> dict[str, str]:
    """What the notice of a rule says to a role, by field; nothing where nobody was told."""
    notices = family.said(NoticeIssued, rule=rule, role=role)
    return {line.field: line.value for line in notices[-1].content} if notices else {}


def telling(rule: str, *roles: str) -> Policy:
    """The policy with one rule that tells other roles."""
    rules = policy()
    changed = {}
    for name, event in rules.events.items():
        tells = tuple(replace(t, to=roles) if t.basis.rule == rule else t for t in event.tells)
        changed[name] = replace(event, tells=tells)
    tells_by = {t.basis.rule: t for e in changed.values() for t in e.tells}
    return replace(rules, events=changed, tells=tells_by)


def lose(family: Family, *labels: str, **changes: Any) -> None:
    """Hear of a loss, where the mother and the partner can be told by the provider's portal."""
    holders = team(SG_MIDWIFE="RXA", PARENT="RXA", PARTNER="RXA")
    family.book("2026-03-23 10:00")
    body = LOSS | changes
    family.hear("pregnancy.ended", AT, id="loss", labels=labels, holders=holders, **body)


def test_domestic_abuse_reaches_a_practice_as_a_flag_that_stays_offline() -> None:
    """A practice gets a flag and where to ask; a health visitor gets the whole of it (row DA)."""
    family = Family()
    family.hear("enquiry.domestic-abuse", AT, holders=team(SG_MIDWIFE="RXA"), **ENQUIRY)

    practice = told(family, "P21.disclosed", "GP_SG_LEAD")
    assert "event.answer" not in practice
    assert "Keep it out of the online record" in practice["domestic_abuse"]
    assert practice["event.safe_contact"] == "text after nine"
    assert told(family, "P21.disclosed", "HV_TEAM")["event.answer"] == "disclosed"


@pytest.mark.parametrize("outcome", ["termination", "miscarriage"])
def test_an_appointment_is_cancelled_in_the_same_words_after_every_loss(outcome: str) -> None:
    """Only that it has ended, and not to contact her (P12): nobody can tell from it how."""
    family = Family()
    diary = {"contact_id": "c1", "kind": "HV_antenatal", "contact_at": local("2026-06-01 10:00")}
    family.hear("contact.scheduled", "2026-04-01 10:00", owner="HV_TEAM", **diary)
    lose(family, outcome=outcome)

    (notice,) = family.said(NoticeIssued, rule="P12.appointments")
    assert {line.group for line in notice.content} == {"Who this is about"}
    assert notice.withheld == ()
    assert "terminat" not in (notice.title + notice.why.because + notice.why.authority).lower()


def test_a_termination_is_not_told_without_her_agreement() -> None:
    """Nobody hears of it who has no appointment (P12)."""
    family = Family()
    lose(family, outcome="termination")

    assert [n for n in family.said(NoticeIssued) if "loss" in n.why.evidence] == []


@pytest.mark.parametrize(
    ("rule", "role", "preference", "shown"),
    [
        ("P12.practice", "GP_PRACTICE", {"scope": "GP", "agrees": "y"}, True),
        ("P11.loss", "GP_PRACTICE", {"scope": "all_routine", "agrees": "y"}, True),
        ("P12.practice", "GP_PRACTICE", {"scope": "HV", "agrees": "y"}, False),
        ("P12.practice", "GP_PRACTICE", {"scope": "GP", "agrees": "n"}, False),
        (
            "P12.practice",
            "GP_PRACTICE",
            {"scope": "GP", "agrees": "n", "risk_override": "y"},
            True,
        ),
        ("P11.loss", "HV_TEAM", {"scope": "all_routine", "agrees": "y"}, False),
    ],
    ids=["her practice", "everybody", "another", "declined", "a decision at risk", "never for HV"],
)
def test_agreement_opens_what_needs_it(
    rule: str, role: str, preference: dict[str, str], shown: bool
) -> None:
    """C in the table: her agreement, or a recorded decision; N stays N whatever she agreed."""
    family = Family(with_preference(policy()))
    family.book("2026-03-23 10:00")
    family.hear("sharing.preference", "2026-03-24 10:00", **preference)
    family.hear("pregnancy.ended", AT, **(LOSS | {"outcome": "termination"}))

    assert ("event.outcome" in told(family, rule, role)) is shown


def with_preference(rules: Policy) -> Policy:
    """The policy with an event type for sharing preferences, where it has none yet."""
    if "sharing.preference" in rules.events:
        return rules
    bare = replace(rules.events["contact.scheduled"], type="sharing.preference", requirements=())
    return replace(rules, events={**rules.events, "sharing.preference": bare})


def test_the_latest_agreement_counts() -> None:
    """Who takes her agreement back is not asked twice."""
    family = Family(with_preference(policy()))
    family.book("2026-03-23 10:00")
    family.hear("sharing.preference", "2026-03-24 10:00", scope="GP", agrees="y")
    family.hear("sharing.preference", "2026-03-25 10:00", scope="GP", agrees="n")
    lose(family, outcome="termination")

    assert told(family, "P12.practice", "GP_PRACTICE") == {}


def test_a_safe_route_is_no_agreement() -> None:
    """A safeguarding lead's choice of whom to tell opens nothing that needs her own word (G40)."""
    family = Family(with_preference(policy()))
    family.book("2026-03-23 10:00")
    route = {"safe_route_organisation": "Y00001", "safe_route_role": "GP_PRACTICE"}
    family.hear("sharing.preference", "2026-03-24 10:00", scope="GP", agrees="y", **route)
    lose(family, outcome="termination")

    assert told(family, "P12.practice", "GP_PRACTICE") == {}


def test_an_unknown_label_is_a_pointer_for_professionals() -> None:
    """Nobody decided about it, so nobody reads it unasked; who she is stays plain."""
    family = Family()
    lose(family, "NOVEL")

    said = told(family, "P11.loss", "COMM_MIDWIFE")
    assert said["loss"] == said["wishes"] == "Contact the sender before acting."
    assert said["mother.nhs_number"] == "9990000018"
    assert "event.outcome" not in said


@pytest.mark.parametrize(
    ("labels", "hears"),
    [((), True), (("MH",), True), (("DA",), False), (("NOVEL",), False), (("MH", "DA"), False)],
    ids=["no label", "a label of hers", "abuse", "an unknown label", "two, one not hers"],
)
def test_a_parent_gets_her_own_version_or_nothing(labels: tuple[str, ...], hears: bool) -> None:
    """Not even a duty is raised where a label is not hers: no slot, no count, no id."""
    family = Family(telling("P11.loss", "PARENT"))
    lose(family, *labels)

    assert bool(family.said(NoticeIssued, rule="P11.loss")) is hears
    assert bool(family.said(ObligationRaised, rule="P11.loss")) is hears
    assert bool([o for o in family.episode.obligations if o.rule == "P11.loss"]) is hears
    held_back = family.said(ObligationEnded, rule="P11.loss")
    assert [o.state for o in held_back] == ([] if hears else [ObligationState.SUPPRESSED])
    for ended in held_back:
        assert {w.route for w in ended.withheld} == {Route.IN_PERSON}
        assert {w.route_role for w in ended.withheld} == {"COMM_MIDWIFE"}


def test_a_partner_hears_nothing_that_was_not_agreed() -> None:
    """Not agreed is the rule for a partner, and there is no other way for him to know."""
    family = Family(telling("P11.loss", "PARTNER"))
    lose(family)

    assert family.said(NoticeIssued, rule="P11.loss") == []
    (ended,) = family.said(ObligationEnded, rule="P11.loss")
    assert {w.route for w in ended.withheld} == {Route.NONE}


def test_her_agreement_with_all_routine_is_not_one_with_the_partner() -> None:
    """He follows a preference about himself alone, and no decision at risk opens it to him."""
    for preference, hears in (
        ({"scope": "all_routine", "agrees": "y"}, False),
        ({"scope": "partner", "agrees": "n", "risk_override": "y"}, False),
        ({"scope": "partner", "agrees": "y"}, True),
    ):
        family = Family(with_preference(telling("P11.loss", "PARTNER")))
        family.hear("sharing.preference", "2026-03-24 10:00", **preference)
        lose(family)
        assert bool(family.said(NoticeIssued, rule="P11.loss")) is hears


def test_a_correction_that_adds_a_label_takes_the_notice_back() -> None:
    """What was hers is not hers any more: her notice leaves, and no second one says so."""
    family = Family(telling("P11.loss", "PARENT"))
    lose(family)
    (first,) = family.said(NoticeIssued, rule="P11.loss")
    whole = Event(
        id="whole",
        type="pregnancy.ended",
        source="RXA:MAT_PAS",
        occurred_at=local(AT),
        received_at=local(AT),
        subject=MOTHER,
        labels=("DA",),
        body=LOSS,
    )
    family.hear("event.corrected", "2026-05-05 10:00", target_id="loss", replacement=whole)

    assert family.said(NoticeIssued, rule="P11.loss") == [first]
    ended = family.said(ObligationEnded, rule="P11.loss", state=ObligationState.SUPPRESSED)
    assert first.notice_id in ended[0].notice_ids


def test_each_thing_withheld_is_recorded_with_another_way_to_know_it() -> None:
    """Must-hold rule 4: for professionals there is always somebody to ask or somebody told."""
    family = Family(with_preference(policy()))
    family.book("2026-03-23 10:00")
    family.hear("sharing.preference", "2026-03-24 10:00", scope="all_routine", agrees="y")
    lose(family, outcome="termination")

    (visitor,) = family.notice("P11.loss", "HV_TEAM").withheld
    assert (visitor.group, visitor.shown) == ("loss", Show.NOTHING)
    assert visitor.ground is WithheldGround.LABEL
    assert visitor.label == "TOP"
    assert visitor.route in (Route.TOLD_THERE, Route.ASK_LEAD)
    assert visitor.route_role


def test_what_is_given_in_full_leaves_no_record() -> None:
    """A record for everything would hide the few that matter."""
    family = Family()
    lose(family)

    assert family.notice("P11.loss", "COMM_MIDWIFE").withheld == ()


def test_no_professional_is_left_without_another_way() -> None:
    """For every rule and role: what the table keeps from a professional, somebody else is told.

    A group that a rule carries and its reader may not have must reach another role of the same
    event, or its safeguarding lead; otherwise redaction has made somebody uninformed.
    """
    rules = policy()
    for rule in rules.tells.values():
        for role in rule.to:
            audience = rules.roles[role].audience
            for name in rule.groups:
                shows = rules.groups[name].audience
                if shows[audience] is not Show.NOTHING or audience in rules.family:
                    continue
                others = {
                    rules.roles[other].audience
                    for told_by in rules.events[rule.on].tells
                    for other in told_by.to
                    if name in told_by.groups
                }
                assert any(shows[other] is not Show.NOTHING for other in others), (rule.basis, name)


def test_a_mother_reads_words_of_her_own() -> None:
    """No codes, no role names, nothing of what professionals say to each other."""
    family, holders = Family(), team(PARENT="PORTAL", NAMED_HV=None)
    given = {"to": "mother", "format": "leaflet", "language": "en"}
    family.hear("information.given", AT, topic="PMH", holders=holders, **given)
    assert {"event.topic": "How you feel"} == told(family, "P31.to-read-again", "PARENT")
    body = {"role": "NAMED_HV", "organisation": "RYV", "practitioner": "Ivy Oak", "accepted": "y"}
    when = {"from": local(AT), "handover_from": "hv-0"}
    family.hear("assignment.changed", AT, holders=holders, **(body | when))
    (notice,) = family.said(NoticeIssued, rule="P43.your-health-visitor", role="PARENT")
    assert {"Name", "From"} == {line.label for line in notice.content}
    assert "Ivy Oak" in {line.value for line in notice.content}


def test_what_would_harm_her_is_spoken_and_never_written() -> None:
    """Who reads over her shoulder finds nothing: no duty, no notice, no empty place."""
    family, holders = Family(), team(PARENT="PORTAL")
    given = {"to": "mother", "format": "spoken", "language": "en"}
    family.hear("information.given", AT, topic="DA_safe", holders=holders, **given)
    assert [] == family.said(NoticeIssued, rule="P31.to-read-again")
    assert [] == [o for o in family.episode.obligations if o.role == "PARENT"]


def test_without_a_portal_nobody_owes_her_a_notice() -> None:
    """People tell her, and that nobody holds the role is no gap."""
    family = Family()
    given = {"to": "mother", "format": "leaflet", "language": "en"}
    family.hear("information.given", AT, topic="PMH", **given)
    assert [] == family.said(ObligationRaised, rule="P31.to-read-again")
