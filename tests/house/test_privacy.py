"""The search for identities finds every disguise it claims to see through, and nothing else."""

import pytest

from hub.core.model import NoticeReason
from hub.ops import metrics
from tests.house.identities import find_identities, nhs_number_is_valid

CANARIES = ("Quillfeather", "9990000018", "1996-02-29", "ZZ99 3CZ", "shouts at night")


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("patient Quillfeather seen", "Quillfeather"),
        ("PID|1||x||QUILLFEATHER^ADA", "Quillfeather"),
        ("GET /p/9990000018", "9990000018"),
        ("number 999 000 0018.", "9990000018"),
        ("number 999-000-0018", "9990000018"),
        ("born 1996-02-29", "1996-02-29"),
        ("PID|||||||19960229|F", "1996-02-29"),
        ("PID|||||||19960229101500|F", "1996-02-29"),
        ("born 29/02/1996", "1996-02-29"),
        ("?postcode=ZZ99+3CZ", "ZZ99 3CZ"),
        ("?postcode=ZZ99%203CZ", "ZZ99 3CZ"),
        ("zz993cz", "ZZ99 3CZ"),
        (r'{"name": "Quill\u0066eather"}', "Quillfeather"),
        ("<td>Quill&#102;eather</td>", "Quillfeather"),
        ("shouts\tat night", "shouts at night"),
        ("a person nobody planted: 9990000026", "9990000026"),
    ],
)
def test_an_identity_is_found_in_every_disguise(text: str, canary: str) -> None:
    """Case, grouping, HL7 and British dates, and the escapes of URL, JSON and HTML hide nothing."""
    found = find_identities("first line\n" + text, CANARIES)
    assert [(2, canary)] == [(each.line, each.canary) for each in found]


@pytest.mark.parametrize(
    "text",
    [
        "offset 19990000018 of partition 3",
        "at 1795417949.652866 the worker stopped",
        "9990000019 has a wrong check digit",
        "episode 0b7c1f6e9990000018a stays",
        "due 1996-02-28",
        "",
    ],
    ids=["offset", "timestamp", "invalid", "inside-hex", "other-date", "empty"],
)
def test_ordinary_numbers_are_not_taken_for_people(text: str) -> None:
    """A longer number, an invalid number and another day are not findings."""
    expected = 1 if "0b7c" in text else 0
    assert expected == len(find_identities(text, CANARIES))


def test_a_canary_too_short_is_refused() -> None:
    """A search for three letters would always find something, and so prove nothing."""
    with pytest.raises(ValueError, match="by chance"):
        find_identities("text", ["Ada"])


def test_the_check_digit_follows_the_known_vectors() -> None:
    """Vectors of the domain description: four valid numbers and one invalid."""
    valid = ("9990000018", "9990000026", "9990000034", "9990548609")
    assert [True, True, True, True, False] == [
        nhs_number_is_valid(each) for each in (*valid, "9990000019")
    ]


def test_what_a_sender_writes_never_becomes_a_metric_label() -> None:
    """An event type or a role that carries a name is counted as unknown."""
    metrics.event_in("Quillfeather.booked", "https")
    metrics.notice_issued("Quillfeather", NoticeReason.FIRST)
    assert [] == find_identities(metrics.exposition(), CANARIES)
