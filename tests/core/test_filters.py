"""Filters of subscriptions: read, said back, judged, and refused with what to write instead."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.circumstances import Circumstances
from hub.core.filter_terms import TERMS, Kind, Traits
from hub.core.filter_text import DEEPEST, FilterFault, kept_filter, read_filter
from hub.core.filters import (
    PICKS,
    All,
    Not,
    Part,
    Sign,
    Some,
    Term,
    Verdict,
    text_of,
    verdict,
    words_of,
)
from hub.core.model import Purpose
from tests.core.stage import policy

ALLOWED = {
    "eventType": ("pregnancy.booked", "birth.recorded", "concern.raised"),
    "practice": ("Y00001", "Y00002"),
    "label": ("DA", "MH"),
}
REGISTERED_28_FLAG = "relation = registered AND gestation_weeks >= 28 AND flag = safeguarding"


def traits(purpose: Purpose = Purpose.DIRECT_CARE, **known: Any) -> Traits:
    """A notice to a practice about a woman 30 weeks pregnant, unless said otherwise."""
    values: dict[str, Any] = {
        "event": "concern.raised",
        "audience": "gp",
        "stage": "pregnancy",
        "gestation_days": 30 * 7,
        "practice": "Y00001",
        "provider": "RXA",
        "area": "E08000035",
        "relations": ("registered",),
    }
    return Traits(
        role="GP_PRACTICE",
        rule="concern.gp",
        purpose=purpose,
        circumstances=Circumstances(**(values | known)),
    )


def picks(text: str, **known: Any) -> bool:
    """Whether a filter picks that notice."""
    return verdict(read_filter(text), traits(**known)) in PICKS


@pytest.mark.parametrize(
    ("text", "known", "picked"),
    [
        (REGISTERED_28_FLAG, {"flags": ("safeguarding",)}, True),
        (REGISTERED_28_FLAG, {}, False),
        (REGISTERED_28_FLAG, {"flags": ("safeguarding",), "gestation_days": 28 * 7 - 1}, False),
        (REGISTERED_28_FLAG, {"flags": ("safeguarding",), "gestation_days": 28 * 7}, True),
        (REGISTERED_28_FLAG, {"flags": ("safeguarding",), "relations": ()}, False),
        ("eventType = 'concern.raised'", {}, True),
        ('eventtype == "concern.raised" and not area = W06', {}, True),
        ("eventType IN (birth.recorded, pregnancy.booked)", {}, False),
        ("eventType NOT IN (birth.recorded, pregnancy.booked)", {}, True),
        ("eventType = concern.raised", {"event": ""}, False),
        ("eventType != concern.raised", {"event": ""}, True),
        ("role = GP_PRACTICE AND service = gp", {}, True),
        ("practice = Y00001 OR practice = Y00002", {}, True),
        ("provider = RXA AND area = E08000035", {}, True),
        ("postcode_district IN (LS6, LS7)", {"district": "LS7"}, True),
        ("postcode_district IN (LS6, LS7)", {"district": "LS8"}, False),
        ("postcode_district NOT IN (LS6, LS7)", {"district": ""}, False),
        ("baby_age_days < 14", {}, False),
        ("baby_age_days < 14", {"stage": "birth", "baby_age_days": 13}, True),
        ("baby_age_days < 14", {"stage": "birth", "baby_age_days": 14}, False),
        ("gestation_weeks >= 0", {"stage": "birth", "gestation_days": None}, False),
        ("NOT gestation_weeks >= 0", {"stage": "loss", "gestation_days": None}, True),
        ("gestation_weeks IN (30, 31)", {}, True),
        ("gestation_weeks > 30", {}, False),
        ("gestation_weeks <= 30", {}, True),
        ("gestation_weeks != 30", {}, False),
        ("label = DA", {"labels": ("MH", "DA")}, True),
        ("label != DA", {"labels": ("MH", "DA")}, False),
        ("gap_severity >= attention", {"gap_severity": 3}, True),
        ("gap_severity >= immediate", {"gap_severity": 3}, False),
        ("gap_severity < immediate", {"gap_severity": 0}, False),
        ("flag = plan OR (relation = registered AND gestation_weeks < 20)", {}, False),
        ("flag = plan OR relation = registered AND gestation_weeks < 40", {}, True),
        ("purpose = direct_care", {}, True),
    ],
)
def test_what_a_filter_picks(text: str, known: dict[str, Any], *, picked: bool) -> None:
    """By what is known of the notice and its family."""
    assert picked is picks(text, **known)


@pytest.mark.parametrize(
    ("purpose", "expected"),
    [
        (Purpose.SAFEGUARDING, Verdict.UNKNOWN_PICKED),
        (Purpose.DIRECT_CARE, Verdict.UNKNOWN_NOT_PICKED),
        (Purpose.STATUTORY, Verdict.UNKNOWN_NOT_PICKED),
    ],
)
@pytest.mark.parametrize(
    "text", ["gestation_weeks >= 28", "NOT gestation_weeks >= 28", "gestation_weeks < 28"]
)
def test_what_cannot_be_judged(text: str, purpose: Purpose, expected: Verdict) -> None:
    """A safeguarding notice takes the road, whichever way the question is put; others do not."""
    unknown = traits(purpose, gestation_days=None)
    assert expected is verdict(read_filter(text), unknown)
    older = Traits(role="GP_PRACTICE", rule="x", purpose=purpose)
    assert expected is verdict(read_filter(text), older)


def test_what_is_certain_needs_no_more() -> None:
    """An unknown part decides nothing where the others do."""
    unknown = traits(Purpose.SAFEGUARDING, gestation_days=None)
    for text, expected in (
        ("gestation_weeks > 3 AND relation = caseload", Verdict.NOT_PICKED),
        ("gestation_weeks > 3 OR relation = registered", Verdict.PICKED),
    ):
        assert expected is verdict(read_filter(text), unknown)


NHS = "9990000018"


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "a term is wanted here; write as relation"),
        ("gestation >= 28", 1, "there is no such term; write as gestation_weeks >= 28"),
        (
            "relation = registered AND postcode = LS1",
            27,
            "write as postcode_district IN (LS6, LS7)",
        ),
        ("postcode_district = LS6 2AB", 25, "something follows here"),
        ("postcode_district = 'LS6 2AB'", 22, "postcode_district has no such value; write as"),
        ("postcode_district = LS62AB", 21, "postcode_district has no such value; write as"),
        ("relashun = registered", 1, "write as relation = registered"),
        ("xyzzyx = 1", 1, "the terms are eventType, purpose"),
        ("relation = registred", 12, "relation has no such value; write relation = registered"),
        ("relation >= registered", 10, "relation cannot be compared so; write =, !=, IN or NOT IN"),
        ("gestation_weeks >= 28w", 20, "a number is wanted here; write a whole number"),
        ("gestation_weeks >= -1", 20, "a number is wanted here"),
        ("eventType = pregnancy.boked", 13, "write eventType = pregnancy.booked"),
        ("label = XX", 9, "write one of DA, MH"),
        ("practice = y00001", 12, "write practice = Y00001"),
        ("flag = plan flag = plan", 13, "something follows here; join terms with AND or OR"),
        ("flag = plan AND", 16, "a term is wanted here"),
        ("(flag = plan", 13, "a bracket is not closed; write ) here"),
        ("flag IN plan", 9, "a list is wanted here"),
        ("flag IN (plan", 14, "the list is not closed"),
        ("flag = plan; drop", 12, "this sign is not part of a filter"),
        ("flag plan", 6, "flag cannot be compared so"),
        (f"practice = {NHS}", 12, "this looks like somebody's number"),
        ("area = 999 000 0018", 8, "this looks like somebody's number"),
        ("nhs_number = X1", 1, "never whose"),
        ("flag = plan AND surname = Quillfeather", 17, "never whose"),
        ("NOT " * (DEEPEST + 2) + "flag = plan", 4 * (DEEPEST + 1) + 1, "too many brackets"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_a_remedy(
    text: str, column: int, says: str
) -> None:
    """And never says back what was written."""
    with pytest.raises(FilterFault) as caught:
        read_filter(text, ALLOWED)
    assert column == caught.value.column
    assert says in str(caught.value)
    for private in (NHS, "000 0018", "Quillfeather"):
        assert private not in str(caught.value)


def test_it_is_said_back_in_words() -> None:
    """As the page shows it before anybody approves."""
    assert (
        "she is registered at the recipient and the pregnancy in completed weeks is at least 28"
        " and the family has an open safeguarding flag"
    ) == words_of(read_filter(REGISTERED_28_FLAG))
    assert "not (her tie to the recipient is one of booked or caseload) or the event is a.b" == (
        words_of(read_filter("NOT relation IN (booked, caseload) OR eventType = a.b"))
    )


# --- every filter there can be ----------------------------------------------------------------

SAMPLES = {
    "eventType": ("pregnancy.booked", "birth.recorded"),
    "role": ("GP_PRACTICE", "HV_TEAM"),
    "service": ("gp", "social_care"),
    "practice": ("Y00001", "A81001"),
    "provider": ("RXA", "RYX"),
    "area": ("E08000035", "L97"),
    "postcode_district": ("LS6", "W1A"),
    "icb": ("QWO", "QZZ"),
    "label": ("DA", "MH"),
}
NUMBERS = st.integers(0, 9999).map(str)


@st.composite
def terms(draw: st.DrawFn) -> Term:
    """Any term with values that it may have."""
    rule = TERMS[draw(st.sampled_from(sorted(TERMS)))]
    fit = [Sign.IS, Sign.IS_NOT, Sign.IN, Sign.NOT_IN] if rule.kind is Kind.CODE else [*Sign]
    sign = draw(st.sampled_from(fit))
    number = rule.kind is Kind.NUMBER
    value = NUMBERS if number else st.sampled_from(rule.values or SAMPLES[rule.name])
    most = 3 if sign in (Sign.IN, Sign.NOT_IN) else 1
    values = draw(st.lists(value, min_size=1, max_size=most, unique=True))
    return Term(rule.name, sign, tuple(values))


def joined(parts: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    """Parts put together, each kind of join only within the other."""
    several = st.lists(parts, min_size=2, max_size=3)
    return st.one_of(
        several.map(lambda many: All(tuple(flat(many, All)))),
        several.map(lambda many: Some(tuple(flat(many, Some)))),
        parts.map(Not),
    )


def flat(many: list[Part], kind: type[All] | type[Some]) -> list[Part]:
    """Parts of the same join stand beside each other."""
    return [one for each in many for one in (each.parts if isinstance(each, kind) else (each,))]


FILTERS = st.recursive(terms(), joined, max_leaves=8)


@given(FILTERS)
def test_what_is_kept_reads_as_what_was_meant(part: Part) -> None:
    """The text and back gives the same filter; the words name every value."""
    assert part == read_filter(text_of(part)) == kept_filter(text_of(part))
    assert text_of(part) == text_of(read_filter(text_of(part)))


@given(FILTERS, st.booleans())
def test_not_turns_what_is_certain_and_leaves_what_is_not(part: Part, known: bool) -> None:
    """The opposite of a filter picks the others, and of what cannot be judged the same."""
    told = traits() if known else Traits(role="X", rule="r", purpose=Purpose.SAFEGUARDING)
    one, other = verdict(part, told), verdict(Not(part), told)
    sure = {Verdict.PICKED: Verdict.NOT_PICKED, Verdict.NOT_PICKED: Verdict.PICKED}
    assert sure.get(one, one) is other


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a fault with a place and a remedy, whatever is written."""
    try:
        part = read_filter(text)
    except FilterFault as fault:
        said, column = str(fault), fault.column
        assert (True, True) == (1 <= column <= len(text) + 1, "; " in said)
    else:
        assert part == read_filter(text_of(part))


def test_the_document_names_every_term_and_its_examples_can_be_copied() -> None:
    """Subscribers write their filters from it."""
    whole = (Path(__file__).parents[2] / "docs" / "subscribe.md").read_text(encoding="utf-8")
    section = whole.partition("\n### Filters\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section, re.MULTILINE)
    assert list(TERMS) == [name for name, _ in rows]
    for name, may_be in rows:
        values = TERMS[name].values
        assert not values or list(values) == re.findall(r"`(\w+)`", may_be)
    examples = re.findall(r"```text\n(.*?)\n```", section)
    assert 4 == len(examples)
    rules = policy()
    allowed = {"eventType": rules.events, "role": rules.roles, "label": rules.labels}
    for example in examples:
        assert example == text_of(read_filter(example, allowed))
    for rule in TERMS.values():
        assert rule.example == text_of(read_filter(rule.example))
