"""Signing secrets under another key: whoever is killed in the middle, every one still signs."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from typer.testing import CliRunner

from hub.cli import app
from hub.core.subscribing import SubscriptionSignal
from hub.store import agreements
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.resealing import ROWS_AT_ONCE, Counted, NoSuchKeyError, count, reseal
from hub.store.sealing import Sealed, SealedOtherwiseError, Vault, check_opens
from tests.channels.tools import SECRET
from tests.store.killing import killed_before
from tests.store.records import T0
from tests.store.test_sealing import WANTED, on_disk

HUB, NEW, OTHER = "h" * 32, "n" * 32, "o" * 32
BEFORE, AFTER = Vault(HUB.encode()), Vault(NEW.encode())
BOTH = Vault(NEW.encode(), HUB.encode())
MANY = 2 * ROWS_AT_ONCE + 7
"""Three transactions."""

ROTATING = """
import sys
from sqlalchemy import event
from hub.store import resealing
from hub.store.engine import make_engine
from hub.store.sealing import Vault

engine = make_engine(sys.argv[1])
whole = resealing._pieces
def slowly(engine, vault):
    for made in whole(engine, vault):
        print("a piece is done", flush=True)
        sys.stdin.readline()
        yield made
resealing._pieces = slowly
resealing.reseal(engine, Vault(sys.argv[2].encode(), sys.argv[3].encode()))
"""
"""The real rotation, which stops after each piece that is on disk until it is told to go on."""


def name_of(number: int) -> str:
    """The id of a subscription."""
    return f"sub-{number:03}"


def fill(engine: Engine, many: int = MANY, vault: Vault = BEFORE) -> None:
    """Subscriptions, each with a secret of its own; every third one has one from before as well."""
    with writing(engine) as conn:
        for number in range(many):
            name = name_of(number)
            secret = vault.seal(name, f"{SECRET}-{number}")
            agreements.request(conn, replace(WANTED, agreement_id=name, secret=secret))
            if number % 3 == 0:
                old = vault.seal(name, f"{SECRET}-{number}-before")
                one = t.agreements.c.agreement_id == name
                conn.execute(
                    sa.update(t.agreements)
                    .where(one)
                    .values(secret_before=old, secret_until=T0 + timedelta(days=9))
                )


def secrets_of(many: int = MANY) -> int:
    """How many secrets `fill` makes."""
    return many + len(range(0, many, 3))


def opened(engine: Engine, vault: Vault) -> list[tuple[str, str]]:
    """Every secret, and the one before, as they sign."""
    a = t.agreements.c
    with reading(engine) as conn:
        rows = conn.execute(
            sa.select(a.agreement_id, a.secret, a.secret_before).order_by(a.agreement_id)
        ).all()
    return [(vault.open(n, now or ""), vault.open(n, old or "")) for n, now, old in rows]


def expected(many: int = MANY) -> list[tuple[str, str]]:
    """What signs, whatever it is sealed under."""
    return [(f"{SECRET}-{n}", f"{SECRET}-{n}-before" if n % 3 == 0 else "") for n in range(many)]


def test_all_are_under_the_new_key_and_sign_as_before(engine: Engine) -> None:
    """Counted; the key before opens none of them, and again there is nothing to do."""
    fill(engine)
    assert Counted(before=secrets_of()) == count(engine, BOTH)
    assert secrets_of() == reseal(engine, BOTH)
    assert Counted(new=secrets_of()) == count(engine, BOTH)
    assert expected() == opened(engine, AFTER)
    with pytest.raises(SealedOtherwiseError):
        opened(engine, BEFORE)
    assert 0 == reseal(engine, BOTH)


@pytest.mark.parametrize("statement", [1, 4, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 3])
def test_killed_at_any_statement_it_goes_on(engine: Engine, statement: int) -> None:
    """Every secret opens with both keys at every moment, and the second run ends it."""
    fill(engine)
    with killed_before(engine, statement):
        reseal(engine, BOTH)
    assert expected() == opened(engine, BOTH)
    left = count(engine, BOTH)
    assert left.before > 0, "otherwise nothing was killed in the middle"
    assert left.before == reseal(engine, BOTH)
    assert expected() == opened(engine, AFTER)


def test_a_process_that_is_killed_leaves_what_both_keys_open(
    engine: Engine, empty_url: str
) -> None:
    """SIGKILL after the first piece is on disk and before the second; then the rest."""
    fill(engine)
    running = subprocess.Popen(
        [sys.executable, "-c", ROTATING, empty_url, NEW, HUB],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        assert "a piece is done\n" == running.stdout.readline()
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.communicate()
    left = count(engine, BOTH)
    assert left.new > 0
    assert left.before > 0
    assert expected() == opened(engine, BOTH), "the roles go on to sign meanwhile"
    assert left.before == reseal(engine, BOTH)
    assert expected() == opened(engine, AFTER)


def test_a_wrong_key_changes_nothing(engine: Engine) -> None:
    """It names subscriptions and the setting, and no key or secret; not one row is written."""
    fill(engine)
    with reading(engine) as conn:
        rows = conn.execute(sa.select(t.agreements)).all()
    with pytest.raises(NoSuchKeyError) as met:
        reseal(engine, Vault(NEW.encode(), OTHER.encode()))
    said = str(met.value)
    for words in (f"{MANY} subscriptions", name_of(0), "HUB_SEALING_KEY_BEFORE", "Nothing was"):
        assert words in said
    for secret in (SECRET, HUB, NEW, OTHER):
        assert secret not in said
    with reading(engine) as conn:
        assert rows == conn.execute(sa.select(t.agreements)).all()


def test_one_that_has_ended_hinders_nobody(engine: Engine) -> None:
    """Its key may be lost; it stays as it is, and is counted."""
    fill(engine, 2)
    lost = Vault(OTHER.encode()).seal(name_of(1), SECRET)
    one = t.agreements.c.agreement_id == name_of(1)
    with writing(engine) as conn:
        conn.execute(sa.update(t.agreements).where(one).values(secret=lost))
        agreements.move(conn, name_of(1), SubscriptionSignal.REFUSE, "bea", T0)
    assert 2 == reseal(engine, BOTH)
    assert Counted(new=2, ended=1) == count(engine, BOTH)


def test_what_is_in_clear_is_sealed_too(engine: Engine) -> None:
    """An earlier release kept it so, and its roles may not have been started since."""
    fill(engine, 2)
    one = t.agreements.c.agreement_id == name_of(1)
    with writing(engine) as conn:
        conn.execute(sa.update(t.agreements).where(one).values(secret=SECRET))
    assert Counted(before=2, clear=1) == count(engine, BOTH)
    assert 3 == reseal(engine, BOTH)
    check_opens(engine, AFTER)


def test_the_files_hold_nothing_under_the_key_before(lite: Engine, tmp_path: Path) -> None:
    """A key that leaked opens nothing of the database as it is from then on."""
    fill(lite, 5)
    with reading(lite) as conn:
        kept = conn.scalars(sa.select(t.agreements.c.secret)).all()
    assert all(each.encode() in on_disk(tmp_path) for each in kept if each)
    reseal(lite, BOTH)
    assert [] == [each for each in kept if each and each.encode() in on_disk(tmp_path)]


def command(tmp_path: Path, *more: str, **keys: str) -> tuple[int, str]:
    """The command as an operator gives it; exit code and all that it says."""
    given = {"HUB_DATA_DIR": str(tmp_path), "HUB_DATABASE_URL": f"sqlite:///{tmp_path}/lite.db"}
    given |= {"HUB_SECRET_KEY": HUB} | keys
    answer = CliRunner().invoke(app, ["secrets", "rotate", *more], env=given)
    said = answer.stdout + answer.stderr
    for secret in (SECRET, HUB, NEW, OTHER, Sealed("sealed:1:")):
        assert secret not in said
    return answer.exit_code, said


def test_the_command_from_the_hubs_secret_to_a_key_and_to_the_next(
    lite: Engine, tmp_path: Path
) -> None:
    """Counts in words, and what to do next; the first key comes from the hub's secret."""
    fill(lite, 6)
    code, said = command(tmp_path, "--count", HUB_SEALING_KEY=NEW)
    assert (1, True) == (code, "8 are under the key before" in said)
    code, said = command(tmp_path, HUB_SEALING_KEY=NEW)
    assert (0, True) == (code, "8 secrets were sealed under HUB_SEALING_KEY now, 8 are" in said)
    code, said = command(tmp_path, HUB_SEALING_KEY=OTHER, HUB_SEALING_KEY_BEFORE=NEW)
    assert (0, True) == (code, "Take HUB_SEALING_KEY_BEFORE away" in said)
    assert expected(6) == opened(lite, Vault(OTHER.encode()))
    code, said = command(tmp_path, "--json", HUB_SEALING_KEY=OTHER)
    assert (0, True) == (code, '"sealed_now": 0, "new": 8, "before": 0' in said)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "HUB_SEALING_KEY is not set"),
        ({"HUB_SEALING_KEY": HUB}, "is the key that sealed before"),
        ({"HUB_SEALING_KEY": "short"}, "at least 32 characters"),
        ({"HUB_SEALING_KEY": NEW, "HUB_SEALING_KEY_BEFORE": OTHER}, "open with neither key"),
    ],
)
def test_the_command_refuses_in_words(
    lite: Engine, tmp_path: Path, keys: dict[str, str], words: str
) -> None:
    """Nothing is changed, and the code says that something named was in the way."""
    fill(lite, 2)
    assert (3, True) == ((found := command(tmp_path, **keys))[0], words in found[1])
    assert expected(2) == opened(lite, BEFORE)


def test_pages_that_seal_meanwhile_are_met_again(engine: Engine) -> None:
    """A secret that was written beside it under the key before is found by the next look."""
    fill(engine, 2)
    assert 3 == reseal(engine, BOTH)
    one = t.agreements.c.agreement_id == name_of(0)
    with writing(engine) as conn:
        late = BEFORE.seal(name_of(0), f"{SECRET}-0")
        conn.execute(sa.update(t.agreements).where(one).values(secret=late))
    assert (1, 1) == (count(engine, BOTH).before, reseal(engine, BOTH))
    assert expected(2) == opened(engine, AFTER)
