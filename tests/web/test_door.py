import pytest
import sqlalchemy as sa

from hub.store.engine import writing
from tests.web.conftest import Gateway, key, token_in
from tests.web.test_api import EVENT


def test_a_stranger_is_shown_the_way_in(gateway: Gateway) -> None:
    """Every page leads to the sign-in page and back again afterwards."""
    answer = gateway.browse().get("/n/n-hv")
    assert (303, "/login?next=/n/n-hv") == (answer.status_code, answer.headers["location"])


def test_signing_in_leads_on_and_signing_out_ends_the_session(gateway: Gateway) -> None:
    """A copied cookie is worth nothing once its owner has signed out."""
    browser = gateway.sign_in("hv")
    copied = dict(browser.cookies)
    home = browser.get("/")
    assert 200 == home.status_code
    answer = browser.post("/logout", data={"csrf": token_in(home)})
    assert (303, "/login") == (answer.status_code, answer.headers["location"])
    thief = gateway.browse()
    thief.cookies.update(copied)
    assert 303 == thief.get("/").status_code


def test_a_wrong_password_says_so_without_saying_which_half(gateway: Gateway) -> None:
    """A name that exists and one that does not get the same words."""
    pages = [
        gateway.browse().post("/login", data={"login": login, "password": "wrong"})
        for login in ("hv", "nobody")
    ]
    assert [401, 401] == [page.status_code for page in pages]
    assert all("The name or the password is not right" in page.text for page in pages)


def test_guessing_is_stopped(gateway: Gateway) -> None:
    """After ten failures even the right password waits."""
    browser = gateway.browse()
    for _ in range(10):
        browser.post("/login", data={"login": "hv", "password": "wrong"})
    answer = browser.post("/login", data={"login": "hv", "password": "demo"})
    assert 401 == answer.status_code
    assert "Too many attempts" in answer.text


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_signing_in_never_leads_to_another_site(gateway: Gateway, target: str) -> None:
    """The way back is a path of ours, whatever the address said."""
    form = {"login": "hv", "password": "demo", "next": target}
    answer = gateway.browse().post("/login", data=form)
    assert "/" == answer.headers["location"]


def test_the_session_cookie_is_locked_down(gateway: Gateway) -> None:
    """No script reads it and no other site sends it."""
    answer = gateway.browse().post("/login", data={"login": "hv", "password": "demo"})
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "max-age=43200"))


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_its_token_does_nothing(gateway: Gateway, token: str) -> None:
    """Another site cannot press a button in somebody's name."""
    answer = gateway.sign_in("hv").post("/n/n-hv/not-ours", data={"csrf": token})
    assert (403, []) == (answer.status_code, gateway.publisher.signals())


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_another_site_does_nothing(gateway: Gateway, headers: dict[str, str]) -> None:
    """Even with the right token: the browser tells where a form came from."""
    browser = gateway.sign_in("hv")
    token = token_in(browser.get("/worklist"))
    before = gateway.publisher.signals()
    answer = browser.post("/n/n-hv/not-ours", data={"csrf": token}, headers=headers)
    assert (403, before) == (answer.status_code, gateway.publisher.signals())


def test_every_page_forbids_the_outside_and_keeping(gateway: Gateway) -> None:
    """Nothing external, no referrer, no copy on a shared computer."""
    headers = gateway.sign_in("hv").get("/worklist").headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert ("nosniff", "no-referrer", "no-store") == tuple(
        headers[name] for name in ("x-content-type-options", "referrer-policy", "cache-control")
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8080"},
    ],
)
def test_a_form_of_our_own_page_is_taken(gateway: Gateway, headers: dict[str, str]) -> None:
    """A browser names no origin for a page whose referrer policy is no-referrer, as ours is."""
    browser = gateway.sign_in("hv")
    token = token_in(browser.get("/worklist"))
    answer = browser.post("/n/n-hv/not-ours", data={"csrf": token}, headers=headers)
    assert 303 == answer.status_code


def test_without_a_database_the_answer_is_in_words(gateway: Gateway) -> None:
    """503 for people and machines, and no stack for either."""
    browser = gateway.sign_in("hv")
    with writing(gateway.engine) as conn:
        conn.execute(sa.text("DROP TABLE sessions"))
        conn.execute(sa.text("DROP TABLE accepted_events"))
    page = browser.get("/worklist")
    answer = browser.post("/events", json=EVENT, headers=key("RXX"))
    assert (503, 503, "unavailable") == (
        page.status_code,
        answer.status_code,
        answer.json()["reason"],
    )
    assert "Try again in a few seconds" in page.text
