"""The stories on the whole stack, with every recipient on a road of her own.

Kafka, PostgreSQL and all roles run; whoever is told is reached by webhook, FHIR subscription, Kafka
topic, MESH, mail or the worklist, and answers over it.  What is asserted is what really came, in
bytes, and what the gap board and the publisher's coverage said at the time.
"""

import gzip
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from hub.demo.scenario import Scenario, instant
from tests.acceptance.letters import spoken
from tests.acceptance.road_played import Played
from tests.acceptance.road_stories import CHEERFUL, FILES, TOLD, played, told

__all__ = ["played", "told"]

pytestmark = pytest.mark.stack


# --- all stories ---------------------------------------------------------------------------------


@pytest.mark.parametrize("story", [*FILES, "SC10-waiting"])
def test_the_story_goes_as_told(played: Played, story: str) -> None:
    """The same outcomes as on the core, whichever road each recipient is on."""
    result = played.results[story]
    assert ([], []) == (result["missing"], result["unexpected"])
    assert result["expected"] > 0


def test_every_notice_came_to_its_own_recipient_and_to_nobody_else(played: Played) -> None:
    """Over every road: what came was for the role at the end of it, and nothing is left out."""
    assert [] == played.strays()
    issued = played.issued()
    came = {x.notice_id for post in played.roads.posts for x in played.roads.letters(post)}
    sent = {n.notice_id for n in issued.values() if played.roads.post_of(n.organisation, n.role)}
    late = sent - came
    assert {"HV11"} == {issued[each].organisation for each in late}, "only the line that was cut"
    assert len(came) > 80
    assert not [line for line in played.roads.said if line.what == "signature wrong or old"]


def test_a_notice_on_a_wrong_road_would_be_found(played: Played) -> None:
    """What went to the midwife, planted on the wire of the partner's practice."""
    practice, midwife = (played.roads.post_of(ods, "*") for ods in ("GP9", "MAT9"))
    assert practice is not None
    assert midwife is not None
    assert practice.tap is not None
    assert midwife.tap is not None
    practice.tap.heard.append(midwife.tap.heard[-1])
    try:
        assert len(played.strays()) == 1
    finally:
        practice.tap.heard.pop()


def test_each_road_was_used_and_answered(played: Played) -> None:
    """Nothing is proved about a road on which nothing came."""
    used = Counter(p.road for p in played.roads.posts for _ in played.roads.letters(p))
    assert {"webhook", "fhir", "kafka", "mesh", "email"} == set(used)
    assert min(used.values()) >= 5, used
    ways = played.seen["ways"]
    assert {"https", "kafka", "mesh", "email"} == set(ways), ways


def canaries(story: Scenario) -> list[str]:
    """By what the woman of a story can be recognised."""
    mother = story.people["mother"]
    found = (mother.nhs_number, mother.family_name, mother.reference)
    return [each for each in found if each]


def test_no_woman_is_named_on_a_road_of_another_story(
    played: Played, told: dict[str, Scenario]
) -> None:
    """Every byte of every wire; the mail server has heard of nobody at all."""
    for story in told.values():
        own = {row["ods"] for row in story.directory["organisation"]}
        elsewhere = [p for p in played.roads.posts if p.organisation not in own]
        for post in elsewhere:
            assert [] == spoken(played.roads.raw(post), canaries(story)), post.organisation
        assert [] == spoken(played.roads.mail_tap.everything(), canaries(story))
        named = [p for p in played.roads.posts if spoken(played.roads.raw(p), canaries(story))]
        assert named, f"the search finds {story.id} nowhere, so it proves nothing"


# --- SC1 -----------------------------------------------------------------------------------------


def test_the_wrong_practice_gets_it_once_and_the_right_one_at_once(played: Played) -> None:
    """By webhook to the old practice, which hands it back; over MESH to the new one."""
    (wrong,) = played.of_rule("Y00002", "P02.gp")
    right, reminder = played.of_rule("Y00001", "P02.gp")
    assert ("first", "rerouted", "reminder") == (wrong.reason, right.reason, reminder.reason)
    assert instant("2026-03-24 17:00") == right.due
    (turned,) = (line for line in played.seen["turned"] if line["role"] == "GP_PRACTICE")
    assert ("Y00001", False) == (turned["organisation"], turned["told"])


def test_the_gap_stays_until_the_right_practice_has_accepted(played: Played) -> None:
    """Delivered is not accepted: it opens at the deadline, and the board shows whose it is."""
    (row,) = played.seen["G01"]
    assert "Elm Surgery" in row
    assert [] == played.gap_board("G01", "Y00001")
    (filed,) = (line for line in played.seen["filed"] if line["role"] == "GP_PRACTICE")
    assert ("Y00001", True, True) == (filed["organisation"], filed["told"], filed["late"])


# --- SC3 -----------------------------------------------------------------------------------------


def test_whoever_works_at_night_has_taken_it_and_health_visiting_has_only_got_it(
    played: Played,
) -> None:
    """At noon on Maundy Thursday: proved by each road's own evidence, and no more."""
    lines, board = played.seen["noon"]
    levels = {line["role"]: line["level"] for line in lines}
    assert "delivered" == levels["HV_TEAM"], "collected from MESH, and nobody has taken it"
    night = {"SG_MIDWIFE", "OBSTETRICIAN", "CSC_FRONT_DOOR", "GP_SG_LEAD"}
    assert dict.fromkeys(night, "accepted") == {role: levels[role] for role in night}
    assert len(board) == 1, board


def test_easter_is_not_counted(played: Played) -> None:
    """The summary of Saturday is due at health visiting on Tuesday evening, in their own bytes."""
    (summary,) = played.of_rule("HV3", "P29.health-visiting")
    assert instant("2026-04-07 17:00") == summary.due
    (concealed,) = played.of_rule("HV3", "P09.after-labour")
    assert instant("2026-04-02 03:50") == concealed.due
    board, lines = played.seen["written"]
    assert [] == board
    (taken,) = (line for line in lines if line["role"] == "HV_TEAM")
    assert ("accepted", True) == (taken["level"], taken["late"])


def test_the_mail_to_the_front_door_says_nothing(played: Played) -> None:
    """A link, and not a word of what she concealed."""
    letters = played.letters("LA3")
    assert letters
    said = played.roads.mail_tap.everything()
    assert [] == spoken(said, ["concealed", "labour", "pregnan", "birth", "baby", "midwife"])
    assert spoken(said, ["You have a notice"])


# --- SC4 -----------------------------------------------------------------------------------------

HAD_IT: Final = ("Y00003", "RXB", "RYW", "RCH", "L98")
"""By webhook, FHIR, MESH, Kafka and mail."""


@pytest.mark.parametrize("organisation", HAD_IT)
def test_whoever_had_the_summary_gets_the_correction(played: Played, organisation: str) -> None:
    """Over her own road, and behind the first."""
    assert len(played.corrections(organisation)) == 1, "none, or it came before the first"


@pytest.mark.parametrize("organisation", [*HAD_IT[:3], "RCH"])
def test_the_correction_names_what_it_corrects(played: Played, organisation: str) -> None:
    """So that whoever has both knows which of them to believe."""
    ((corrected, first),) = played.corrections(organisation)
    assert first.notice_id == corrected.in_reply_to


def test_the_correction_says_what_was_left_out(played: Played) -> None:
    """Her sister's in the practice's own bytes, and in nobody's before the correction."""
    letters = played.of_rule("Y00003", "P29.gp")
    first, corrected = letters[0], next(x for x in letters if x.reason == "corrected")
    assert "sister" not in first.text
    assert "sister" in corrected.text
    assert len(played.seen["G13"]) == 1
    assert [] == played.gap_board("G13", "RXB")
    with played.browser("l98-social-worker") as browser:
        (mail,) = (x for x in played.of_rule("L98", "P29.") if played.reason(x) == "corrected")
        page = browser.get(f"/n/{mail.notice_id}").text
    assert "sister" in page, "behind the link of the mail, for whoever signs in"


# --- SC9 -----------------------------------------------------------------------------------------


def test_nothing_of_it_comes_to_her_partners_practice(played: Played) -> None:
    """His sister works there: not a byte on the practice's own road, then or ever."""
    ordinary = played.roads.post_of("GP9", "GP_PRACTICE")
    assert ordinary is not None
    assert [] == spoken(played.roads.raw(ordinary), TOLD)
    assert [] == spoken(played.seen["not yet chosen"], TOLD), "nor to anybody before it was chosen"
    assert [] == spoken(played.roads.mail_tap.everything(), TOLD)
    rules = {played.rule(letter) for letter in played.roads.letters(ordinary)}
    assert rules, "an ordinary road on which nothing came would tell by its silence"
    assert not [rule for rule in rules if rule.startswith(("P21", "EL-"))]


def test_the_search_finds_what_the_others_have_been_told(played: Played) -> None:
    """The same search over the roads of those who must know: it is there."""
    lead = played.roads.post_of("GP9", "GP_SG_LEAD")
    others = [lead, *(played.roads.post_of(ods, "*") for ods in ("MAT9", "HV9", "DA9"))]
    for post in others:
        assert post is not None
        assert spoken(played.roads.raw(post), TOLD), post.organisation
        assert "P21.high-risk" in {played.rule(x) for x in played.roads.letters(post)}


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda said: said.encode(),
        lambda said: said.upper().encode(),
        lambda said: json.dumps({"x": said}).replace("o", "\\u006f").encode(),
        lambda said: "".join(f"={each:02X}" for each in said.encode()).encode(),
        lambda said: b64encode(f"a note: {said}, and no more".encode()),
        lambda said: gzip.compress(said.encode()),
        lambda said: said.replace(" ", "%20").encode(),
    ],
    ids=["plain", "shouted", "json", "quoted", "base64", "gzip", "percent"],
)
def test_a_word_planted_on_any_road_is_found(
    played: Played, wrapped: Callable[[str], bytes]
) -> None:
    """In whatever wrapping it might go out."""
    for post in played.roads.posts:
        raw = played.roads.raw(post)
        before = len(spoken(raw, ["coercive"]))
        assert before < len(spoken(raw + b"\n" + wrapped("coercive control"), ["coercive"]))


def test_the_practice_sees_nothing_on_its_pages_either(played: Played) -> None:
    """The worklist of the practice, and the lead's notices by their addresses."""
    lead = played.letters("GP9", "GP_SG_LEAD")
    assert lead
    with played.browser("gp9-gp-practice") as browser:
        own = [f"/n/{letter.notice_id}" for letter in played.letters("GP9")]
        pages = [browser.get(path).text for path in ("/", "/worklist", "/worklist?show=done", *own)]
        answers = [browser.get(f"/n/{letter.notice_id}") for letter in lead]
    assert [] == spoken("\n".join(pages).encode(), TOLD)
    assert {404} == {answer.status_code for answer in answers}
    assert "Ingham" in pages[-1], "her booking is there: an empty page would prove nothing"


# --- SC10 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("organisation", ["HV10", "GP10", "MAT10"])
def test_the_loss_is_told_once_and_in_the_familys_words(played: Played, organisation: str) -> None:
    """By webhook, over MESH and on a topic; once for each role."""
    told = played.of_rule(organisation, "P11.loss")
    roles = Counter(letter.role for letter in told)
    assert set(roles.values()) == {1}, roles
    assert all("Ada" in letter.text and "stillbirth" in letter.text.lower() for letter in told)
    came = [x.notice_id for x in played.letters(organisation)]
    assert len(came) == len(set(came)), "nothing came twice"


@pytest.mark.parametrize("organisation", ["HV10", "GP10", "MAT10", "HV11", "GP11", "MAT11"])
def test_nothing_cheerful_comes_after_the_loss(played: Played, organisation: str) -> None:
    """Whatever was on its way: no routine notice arrives behind the word of the loss."""
    for letter, notice in played.since("P11.loss", organisation):
        assert [] == spoken(letter.text.encode(), CHEERFUL), notice.why.rule
        assert notice.why.rule.startswith(("P11.", "P12.", "EL-")), notice.why.rule


def test_what_waited_for_a_line_that_was_down_never_goes_out(played: Played) -> None:
    """Booked at five, lost at seven, mended after that: health visiting hears of the loss only."""
    letters = played.letters("HV11")
    rules = {played.rule(letter) for letter in letters}
    assert "P11.loss" in rules
    waited = [
        n for n in played.issued().values() if n.organisation == "HV11" and n.due_at is not None
    ]
    assert "P03.health-visiting" in {n.why.rule for n in waited}, "there was something to hold back"
    assert "P03.health-visiting" not in rules
    post = played.roads.post_of("HV11", "HV_TEAM")
    assert post is not None
    assert [] == spoken(played.roads.raw(post), CHEERFUL)
