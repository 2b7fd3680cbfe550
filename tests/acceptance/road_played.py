"""What came of stories that were played over every road, for whoever looks at it."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import httpx
from sqlalchemy import Engine

from hub.core.model import NoticeReason
from hub.core.outcomes import NoticeIssued
from hub.demo.stage import PASSWORD, demo_key
from hub.edges.records import DecisionRecord
from hub.up import Running
from tests.acceptance.letters import Letter
from tests.acceptance.roads import Roads
from tests.patience import PATIENCE_SECONDS


@dataclass
class Played:
    """A hub on which the stories have been played, and all that came of them."""

    running: Running
    roads: Roads
    engine: Engine
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What followed, by story."""
    decisions: dict[str, list[DecisionRecord]] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    """What was looked at on the way, by name."""

    def issued(self) -> dict[str, NoticeIssued]:
        """Every notice that the core has issued."""
        return {
            outcome.notice_id: outcome
            for records in self.decisions.values()
            for record in records
            for outcome in record.outcomes
            if isinstance(outcome, NoticeIssued)
        }

    def letters(self, organisation: str, role: str = "*") -> list[Letter]:
        """What came over the post of a role."""
        post = self.roads.post_of(organisation, role)
        assert post is not None, "who has no post gets no letter"
        return self.roads.letters(post)

    # --- the pages and the API, as people and publishers see them --------------------------------

    def coverage(self, event_id: str, publisher: str) -> list[dict[str, Any]]:
        """Who has been told of an event, as its publisher sees it now."""
        answer = httpx.get(
            f"{self.running.page()}/events/{event_id}/coverage",
            headers={"authorization": f"Bearer {demo_key(publisher)}"},
            timeout=PATIENCE_SECONDS,
        )
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["recipients"]
        return found

    @contextlib.contextmanager
    def browser(self, login: str) -> Iterator[httpx.Client]:
        """A browser in which somebody has signed in."""
        with httpx.Client(base_url=self.running.page(), timeout=PATIENCE_SECONDS) as browser:
            given = {"login": login, "password": PASSWORD}
            assert httpx.codes.SEE_OTHER == browser.post("/login", data=given).status_code, login
            yield browser

    def gap_board(self, code: str, organisation: str, state: str = "open") -> list[str]:
        """The rows of the gap board for a code and an owner, as the safeguarding lead sees them."""
        with self.browser("safeguarding-lead") as browser:
            asked = {"code": code, "organisation": organisation, "state": state}
            html = browser.get("/gaps", params=asked).text
        rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)[1:]
        return [unescape(re.sub(r"<[^>]+>|\s+", " ", row)).strip() for row in rows]

    def rule(self, letter: Letter) -> str:
        """The rule by which a letter was written."""
        return self.issued()[letter.notice_id].why.rule

    def reason(self, letter: Letter) -> str:
        """Why it was sent, which a mail does not say."""
        return self.issued()[letter.notice_id].reason.value

    def of_rule(self, organisation: str, rule: str, role: str = "*") -> list[Letter]:
        """What came to an organisation by a rule, each once, in the order in which it came."""
        found = [x for x in self.letters(organisation, role) if self.rule(x).startswith(rule)]
        return list({each.notice_id: each for each in found}.values())

    def strays(self) -> list[str]:
        """What came over a road to somebody for whom it was not."""
        issued, found = self.issued(), []
        for post in self.roads.posts:
            for letter in self.roads.letters(post):
                notice = issued[letter.notice_id]
                theirs = self.roads.post_of(notice.organisation, notice.role)
                if post is not theirs or letter.role not in ("", notice.role):
                    found.append(f"{notice.why.rule} came to {post.organisation} {post.role}")
        return found

    def corrections(self, organisation: str) -> list[tuple[Letter, Letter]]:
        """Corrections of a summary that came, each with the letter before it that it corrects."""
        letters, issued = self.of_rule(organisation, "P29."), self.issued()
        found = []
        for number, each in enumerate(letters):
            notice = issued[each.notice_id]
            before = [issued[earlier.notice_id] for earlier in letters[:number]]
            same = [n.notice_id for n in before if n.why.evidence == notice.why.evidence]
            if notice.reason is NoticeReason.CORRECTED and same:
                first = next(x for x in letters if x.notice_id == same[-1])
                found.append((each, first))
        return found

    def since(self, rule: str, organisation: str) -> list[tuple[Letter, NoticeIssued]]:
        """What came to an organisation from the first letter of a rule on, in the order it came."""
        issued = self.issued()
        letters = [(x, issued[x.notice_id]) for x in self.letters(organisation)]
        begun = next(n for n, (_, notice) in enumerate(letters) if notice.why.rule == rule)
        return letters[begun:]
