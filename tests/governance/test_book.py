"""`hub policy book`: every rule, gap, rung and role is on a page, with its authority."""

from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.governance.book import BOOK, main, pages_of, stale, version_of
from hub.governance.facets import Sayer, rules_of
from hub.governance.texts import Texts, read_texts
from hub.governance.words import in_words, span_in_words
from hub.ops.settings import PACKAGE, Settings
from tests.core import stage


@cache
def texts() -> Texts:
    """The packaged policy as it is written."""
    return read_texts(PACKAGE / "policy")


@cache
def pages() -> dict[str, str]:
    """The pages of the packaged policy."""
    return pages_of(Settings())


def test_every_rule_is_on_a_page_with_its_reason_and_authority() -> None:
    """Whoever signs has read every rule, and on whose authority it stands."""
    whole = " ".join("\n".join(pages().values()).split())
    for event in texts().every_event.values():
        for _, row in rules_of(event):
            assert f"### {row.rule}: " in whole
            assert " ".join(row.because.split()).replace("|", "/") in whole
            assert " ".join(row.authority.split()).replace("|", "/") in whole


def test_every_gap_rung_and_role_is_on_a_page() -> None:
    """Nothing that is told, and nobody who is told, is left out."""
    policy = stage.policy()
    whole = "\n".join(pages().values())
    assert set() == {code for code in policy.gaps if f"\n## {code} " not in whole}
    assert set() == {role for role in policy.roles if f"| {role} |" not in whole}
    ladders = pages()["ladders.md"]
    assert sum(map(len, policy.ladders.values())) == ladders.count("\n### Rung ")
    assert set() == {g.label for g in policy.groups.values()} - {
        cell.strip() for line in pages()["redaction.md"].splitlines() for cell in line.split("|")
    }


def test_every_word_of_a_rule_is_said() -> None:
    """A word of a table that has no sentence is shown as it is written, and never left out."""
    sayer = Sayer(texts())
    for event in texts().every_event.values():
        for _, row in rules_of(event):
            said = sayer.facets(row)
            assert {"Otherwise", "By when", "Why", "Authority"} <= set(said), row.rule
            assert ("Only if" in said) == bool(row.when), row.rule


def test_every_page_but_the_index_can_be_signed() -> None:
    """The version is that of the page's own words: another page may change meanwhile."""
    for name, text in pages().items():
        body, _, end = text.partition("\n## Agreed\n")
        assert (name == "README.md") == (not end)
        assert name == "README.md" or f"`{version_of(body)}`" in end
        assert name == "README.md" or f"]({name})" in pages()["README.md"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("24h", "24 hours"),
        ("1h", "1 hour"),
        ("-48h", "48 hours before"),
        ("same-day", "the same day"),
        ("10wd", "10 working days"),
        ("26+0g", "26+0 weeks of pregnancy"),
        ("14a", "day 14 of the baby's life"),
        ("3mo", "3 months"),
    ],
)
def test_a_span_is_said_as_people_say_it(text: str, said: str) -> None:
    """No letters that only the policy knows."""
    assert said == span_in_words(text)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("event.subject == 'mother'", "the event's subject is “mother”"),
        ("event.edd == none", "the event's edd is not stated"),
        ("event.edd != none", "the event's edd is stated"),
        (
            "gestation_days() >= weeks(20)",
            "days of pregnancy at the event, by the due date in force is at least 20 weeks",
        ),
        (
            "held('NAMED_HV')",
            "a role is held now by a named person who has accepted it (role: named health visitor)",
        ),
        ("not episode.booked", "it is not so that the family's booked is so"),
        (
            "event.a == 1 or (event.b and event.c in ['x', 'y'])",
            "the event's a is 1 or (the event's b is so and the event's c is one of “x”, “y”)",
        ),
        ("awaited.from == trigger.to", "the answer's from is the first event's to"),
    ],
)
def test_a_condition_is_said_in_words(condition: str, said: str) -> None:
    """Each fact as its own docstring says it."""
    assert said == in_words(condition, {"NAMED_HV": "named health visitor"})


def test_no_page_shows_a_condition_as_it_is_compiled() -> None:
    """A nurse does not read `==`, `()` or `event.`."""
    for name, text in pages().items():
        found = [line for line in text.splitlines() if " == " in line or "()" in line]
        assert [] == found, name


def test_a_changed_policy_makes_its_page_stale_and_no_other(tmp_path: Path) -> None:
    """Written once, the pages are current; a changed or a foreign page is named and mended."""
    settings = Settings()
    assert 0 == main(settings, tmp_path)
    assert [] == stale(pages(), tmp_path)
    page = tmp_path / "gaps-tell.md"
    page.write_text(page.read_text(encoding="utf-8") + "more\n", encoding="utf-8")
    (tmp_path / "events-nothing.md").write_text("gone\n", encoding="utf-8")
    assert ["events-nothing.md", "gaps-tell.md"] == stale(pages(), tmp_path)
    assert 1 == main(settings, tmp_path, check=True)
    assert 0 == main(settings, tmp_path)
    assert 0 == main(settings, tmp_path, check=True)


def test_the_book_is_current() -> None:
    """After a change of policy: `make book`.  What is signed is what decides."""
    assert [] == stale(pages(), BOOK)


def test_the_command_names_stale_pages(tmp_path: Path) -> None:
    """`--check` writes nothing and says what to run."""
    said = CliRunner().invoke(app, ["policy", "book", "--check", "--folder", str(tmp_path)])
    assert 1 == said.exit_code
    assert "is stale: run `hub policy book`" in said.stdout
    assert [] == list(tmp_path.iterdir())
