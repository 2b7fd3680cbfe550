from hashlib import sha256
from pathlib import Path

import pytest

from hub.ops.settings import Settings
from hub.roles import gateway as role
from hub.web.auth import Doorman, organisation_of_key
from hub.web.listening import RefusesToListen, check_listening, is_loopback
from tests.web import scene


def settings(tmp_path: Path, *, demo: bool) -> Settings:
    """Settings that open the gateway to the network."""
    return Settings(
        data_dir=tmp_path,
        gateway_host="0.0.0.0",  # noqa: S104  the very thing that is to be refused
        demo_logins=demo,
    )


DEMO_KEY = ("RXX", sha256(b"demo-RXX").hexdigest())
OWN_KEY = ("RXX", sha256(b"a key of their own").hexdigest())


@pytest.mark.parametrize(
    ("demo", "keys", "said"),
    [
        (True, (OWN_KEY,), "HUB_DEMO_LOGINS=false"),
        (False, (), "no credentials are configured"),
        (False, (DEMO_KEY, OWN_KEY), "key of a demonstration"),
    ],
)
def test_the_gateway_does_not_open_itself_without_a_lock(
    tmp_path: Path,
    demo: bool,
    keys: tuple[tuple[str, str], ...],
    said: str,
) -> None:
    """It says in words what is missing and what to do."""
    directory = scene.directory(publisher_keys=keys)
    with pytest.raises(RefusesToListen, match=said) as refused:
        check_listening(settings(tmp_path, demo=demo), directory)
    assert "listen on 127.0.0.1 instead of 0.0.0.0, or " in str(refused.value)


def test_the_gateway_opens_itself_with_keys_of_its_own(tmp_path: Path) -> None:
    """One publisher's own key is enough."""
    check_listening(settings(tmp_path, demo=False), scene.directory(publisher_keys=(OWN_KEY,)))


def test_the_role_ends_with_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3 and one sentence, no stack."""
    directory = tmp_path / "directory.toml"
    directory.write_text('[[organisation]]\nods = "RXX"\nname = "T"\nkind = "trust"\n', "utf-8")
    given = settings(tmp_path, demo=False).model_copy(update={"directory": directory})
    assert role.COULD_NOT_START == role.main(given)
    assert "The gateway does not start: no credentials are configured" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False), ("hub", False)],
)
def test_loopback(host: str, expected: bool) -> None:
    """A name that cannot be judged counts as open."""
    assert expected == is_loopback(host)


def test_without_demo_logins_a_person_without_a_hash_cannot_sign_in() -> None:
    """The demonstration's password opens nothing in earnest."""
    doorman = Doorman(scene.directory(), demo_logins=False)
    assert None is doorman.admit("hv", "demo")


@pytest.mark.parametrize(
    ("sent", "demo", "expected"),
    [
        ("Bearer demo-RXX", True, "RXX"),
        ("Bearer demo-RXX", False, None),
        ("Bearer a key of their own", False, "RXX"),
        ("bearer a key of their own", True, "RXX"),
        ("Bearer a key of nobody", True, None),
        ("Bearer ", True, None),
    ],
)
def test_whose_key_it_is(sent: str, demo: bool, expected: str | None) -> None:
    """A demonstration's key opens a demonstration only."""
    directory = scene.directory(publisher_keys=(OWN_KEY,))
    assert expected == organisation_of_key(directory, sent, demo_logins=demo)
