"""A person reports with a keyboard, in a real browser without JavaScript."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine

from hub.ops.clock import HeldClock
from hub.ops.settings import Settings
from hub.web.app import make_app
from hub.web.auth import DEMO_PASSWORD
from tests.web import scene
from tests.web.browser import Page, browser_path, browsing
from tests.web.conftest import Recording
from tests.web.test_generated_client import listening

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(browser_path() is None, reason="no Chromium here: run make browser"),
]


async def sign_in(page: Page, address: str) -> None:
    """As the health visitor of the scene."""
    await page.open(f"{address}/login?next=/report")
    await page.tab_to(id="login")
    await page.write("hv")
    await page.press("Tab")
    await page.write(DEMO_PASSWORD)
    await page.go()


async def answer(page: Page, **answers: str) -> None:
    """Texts into the fields of these ids, in the order of the page; `__` stands for a dot."""
    for name, text in answers.items():
        await page.tab_to(id=name.replace("__", ".").replace("_at_", "-"))
        await page.write(text)


async def report(page: Page, address: str) -> None:
    """Choose, leave two answers out, mend them, check, send."""
    await sign_in(page, address)
    await page.tab_to(name="event")
    await page.press("Space")
    await page.tab_to(tag="button", **{"class": "nhsuk-button", "type": "submit"})
    await page.go()
    when = {"time_at_day": "24", "time_at_month": "3", "time_at_year": "2026"}
    await answer(page, subject__nhs_number="999 000 0018", **when, time_at_clock="14:30")
    await answer(page, data__site="walk-in centre")
    for name in ("data.pregnant", "data.booked_status", "data.cpis_checked"):
        await page.tab_to(name=name)
        await page.press("Space")
    await page.tab_to(name="go", value="check")
    await page.go()
    assert "Select what you did" in await page.text()
    await page.tab_to(href="#data.next_step")
    await page.press("Enter")
    await page.tab_to(name="data.next_step")
    await page.press("Space")
    await page.tab_to(name="go", value="check")
    await page.go()
    assert "Check your answers" in await page.text()
    await page.tab_to(tag="button", **{"class": "nhsuk-button", "type": "submit"})
    await page.go()
    assert "The hub has it" in await page.text()


def test_a_keyboard_without_javascript_is_enough(tmp_path: Path, engine: Engine) -> None:
    """From signing in to the confirmation, and the content policy is never broken."""
    clock = HeldClock(tmp_path / "clock")
    clock.move(scene.NOW)
    publisher = Recording()
    app = make_app(
        Settings(data_dir=tmp_path, secret_key="s" * 32, demo_logins=True),
        publisher=publisher,
        engine=engine,
        directory=scene.directory(),
        clock=clock,
    )

    async def play(address: str) -> list[str]:
        async with browsing(tmp_path / "browser") as page:
            await report(page, address)
            return page.complaints

    with listening(app) as address:
        assert [] == asyncio.run(play(address))
    ((event, _),) = publisher.events
    assert ("unscheduled.attendance", "9990000018") == (event.type, event.subject.nhs_number)
