"""The little language of conditions: what it refuses, with which words, and what it means."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from hub.core.expressions import ExpressionFault, compile_expression
from hub.core.kinds import (
    DATE,
    INSTANT,
    LIST,
    NUMBER,
    RECIPIENTS,
    TEXT,
    TRUTH,
    Code,
    Fact,
    Record,
    Scope,
)

EVENT = Record(
    {
        "kind": Code(("gp", "address")),
        "from": TEXT,
        "words": TEXT,
        "edd": DATE,
        "weight": NUMBER,
        "at": INSTANT,
        "rows": LIST,
        "alone": TRUTH,
        "sections": Record({"social": Record({"state": Code(("content", "none_checked"))})}),
    }
)


def at_least(c: Any, days: int, more: int = 0) -> bool:
    """A fact with an argument that may be left out."""
    return bool(c.body.get("weight", 0) >= days + more)


SCOPE = Scope(
    records={"event": EVENT, "episode": Record({"booked": TRUTH, "edd": DATE})},
    facts={
        "at_least": Fact(at_least, {"days": NUMBER, "more": NUMBER}, TRUTH),
        "held": Fact(lambda _, role: role == "GP", {"role": TEXT}, TRUTH),
        "everybody": Fact(lambda _: (), {}, RECIPIENTS),
    },
)


def value(text: str, **body: Any) -> Any:
    """What an expression says of an event."""
    context = SimpleNamespace(body=body, episode=SimpleNamespace(booked=True, edd="2026-10-20"))
    return compile_expression(text, SCOPE, wants="")(context)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("evnt.kind == 'gp'", 1, "unknown name 'evnt'; did you mean 'event'?"),
        ("event.knd == 'gp'", 1, "unknown field 'knd'; did you mean 'kind'?"),
        ("event.zzz == 'gp'", 1, "unknown field 'zzz'; known: alone, at, edd, from, kind"),
        ("event.kind == 'gp' and event.edd_ < 'x'", 24, "unknown field 'edd_'; did you mean 'edd'"),
        ("event.sections.social.stat == 'content'", 1, "did you mean 'state'?"),
        ("event.words.more == 'x'", 1, "'event.words' has no fields"),
        ("heldd('GP')", 1, "unknown fact 'heldd'; did you mean 'held'?"),
        ("not event.words.lower()", 5, "unknown fact '?'"),
        ("held(rle='GP')", 10, "unknown argument 'rle'; did you mean 'role'?"),
        ("held()", 1, "argument 'role' is missing"),
        ("at_least(1, 2, 3)", 1, "at_least takes at most 2 arguments"),
        ("at_least(1, days=2)", 1, "argument 'days' is given twice"),
        ("at_least('1')", 10, "text cannot be compared with a number"),
        ("held(event.weight)", 6, "a number cannot be compared with text"),
        ("event.weight == 'heavy'", 1, "a number cannot be compared with text"),
        ("event.at == '2026-01-01'", 1, "instant cannot be compared with text"),
        (
            "event.kind == 'practice'",
            15,
            "'practice' is no value of this field; it has gp, address",
        ),
        ("'gpp' == event.kind", 1, "'gpp' is no value of this field"),
        ("event.kind in ['gp', 'home']", 22, "'home' is no value of this field"),
        ("event.sections.social.state == 'empty'", 32, "it has content, none_checked"),
        ("event.kind == event.weight", 1, "text cannot be compared with a number"),
        ("event.weight in ['a']", 18, "a number cannot be compared with text"),
        ("event.words in 'abc'", 16, "'in' looks into a list, and this is text"),
        ("event.words in 5", 16, "'in' looks into a list, and this is a number"),
        ("event.sections < event.sections", 1, "a group of fields is neither more nor less"),
        ("event.kind < 'gp'", 1, "a code is neither more nor less"),
        ("event.alone < true", 1, "true or false is neither more nor less"),
        ("1 < event.weight < 3", 1, "write one comparison at a time and join them with 'and'"),
        ("event.weight is none", 1, "compare with ==, !=, <, <=, >, >= or 'in'"),
        ("event.words", 1, "a condition is wanted here, and this is text"),
        ("event.alone and event.weight", 17, "a condition is wanted here, and this is a number"),
        ("not event.sections", 5, "a condition is wanted here, and this is a group of fields"),
        ("everybody()", 1, "a condition is wanted here, and this is recipients"),
        ("event.weight + 1 > 2", 1, "BinOp is not part of the language"),
        ("[x for x in event.rows] == event.rows", 1, "ListComp is not part of the language"),
        ("event.weight == 1.5", 17, "only whole numbers and quoted text may be written out"),
        ("event.rows[0] == 'a'", 1, "Subscript is not part of the language"),
        ("'a'.words == 'b'", 1, "a field is written as a name with dots"),
        ("(lambda: 1)() == 1", 1, "unknown fact '?'"),
        ("  event.knd == 'gp'", 3, "unknown field 'knd'"),
        ("event.from == 'x' and event.knd == 'gp'", 23, "unknown field 'knd'"),
    ],
)
def test_what_is_refused_says_where_and_what_to_write(text: str, column: int, words: str) -> None:
    """The fault names the whole expression, the column, what is wrong, and what is near."""
    with pytest.raises(ExpressionFault) as refused:
        compile_expression(text, SCOPE)
    assert f"in {text!r}, column {column}: " in str(refused.value)
    assert words in str(refused.value)


@pytest.mark.parametrize("text", ["event.kind ==", "and", "", "event.kind = 'gp'", "a\0b"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    """A slip of syntax is a fault of the policy, never a crash of the loader."""
    with pytest.raises(ExpressionFault, match="this cannot be read"):
        compile_expression(text, SCOPE)


def test_recipients_are_wanted_where_recipients_are_wanted() -> None:
    """A condition cannot say whom to tell."""
    assert RECIPIENTS == compile_expression("everybody()", SCOPE, wants=RECIPIENTS).gives
    with pytest.raises(ExpressionFault, match="a fact that names recipients is wanted here"):
        compile_expression("event.alone", SCOPE, wants=RECIPIENTS)


@pytest.mark.parametrize(
    "text",
    [
        "event.weight < 5",
        "event.weight <= 5",
        "event.weight > 5",
        "event.weight >= 5",
        "5 > event.weight",
        "event.edd < '2026-10-20'",
        "event.at < event.at",
        "event.kind == 'gp'",
        "event.kind != 'gp'",
        "event.kind in ['gp']",
        "event.kind not in ['gp']",
        "'a' in event.rows",
        "'a' not in event.rows",
        "event.sections.social.state == 'content'",
        "event.sections.social.state != 'content'",
    ],
)
def test_a_comparison_with_what_is_absent_is_false(text: str) -> None:
    """Silence proves nothing, and never is an error."""
    assert value(text) is False
    assert value(text, weight=None, edd=None, at=None, kind=None, rows=None, sections=None) is False


@pytest.mark.parametrize(
    ("text", "body", "said"),
    [
        ("event.kind == none", {}, True),
        ("event.kind != none", {"kind": "gp"}, True),
        ("event.words == event.from", {}, True),
        ("event.words == event.from", {"words": "a"}, False),
        ("not (event.weight > 5)", {}, True),
        ("event.weight > 5 or event.kind == 'gp'", {"kind": "gp"}, True),
        ("event.weight > 5 and event.kind == 'gp'", {"weight": 6, "kind": "gp"}, True),
        ("6 >= event.weight", {"weight": 6}, True),
        ("event.weight < 6", {"weight": 6}, False),
        ("event.from == 'self'", {"from": "self"}, True),
        ("event.words == 'written.from'", {"words": "written.from"}, True),
        ("event.edd > '2026-10-19'", {"edd": "2026-10-20"}, True),
        ("event.edd == episode.edd", {"edd": "2026-10-20"}, True),
        ("event.kind in ['gp', 'address']", {"kind": "address"}, True),
        ("event.kind not in ['gp']", {"kind": "address"}, True),
        ("'a' in event.rows", {"rows": ["a"]}, True),
        ("'a' not in event.rows", {"rows": []}, True),
        ("event.rows == []", {"rows": []}, True),
        ("event.rows != []", {"rows": []}, False),
        ("event.rows != []", {"rows": ["a"]}, True),
        ("event.rows != []", {}, False),
        ("event.sections.social.state", {"sections": {"social": {"state": "content"}}}, "content"),
        ("event.sections.social.state == 'content'", {"sections": {"social": None}}, False),
        ("episode.booked", {}, True),
        ("true", {}, True),
        ("false", {}, False),
        ("held('GP')", {}, True),
        ("at_least(5)", {"weight": 5}, True),
        ("at_least(5, more=1)", {"weight": 5}, False),
        ("at_least(days=5)", {"weight": 5}, True),
        ("event.at < event.at", {"at": datetime(2026, 1, 1, tzinfo=UTC)}, False),
    ],
)
def test_what_an_expression_means(text: str, body: dict[str, Any], said: object) -> None:
    """Each row: an expression, an event, and the answer."""
    assert said == value(text, **body)


def test_an_expression_reaches_nothing_but_its_context() -> None:
    """No builtins, no attributes of Python's own."""
    for text in ("__import__('os')", "event.__class__ == 'x'", "open('x')"):
        with pytest.raises(ExpressionFault):
            compile_expression(text, SCOPE)


def test_equal_expressions_are_equal() -> None:
    """Two policies with the same words are the same policy."""
    assert compile_expression("event.alone", SCOPE) == compile_expression("event.alone", SCOPE)
