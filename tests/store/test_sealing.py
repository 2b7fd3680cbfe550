"""Signing secrets where they are kept: not in the file, not on another row, not by another key."""

from dataclasses import replace as dataclass_replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.subscribing import SubscriptionSignal, SubscriptionState
from hub.ops.settings import Settings
from hub.roles.deliver import main as deliver
from hub.store import agreement_reads, agreements
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.sealing import (
    PREFIX,
    Sealed,
    SealedOtherwiseError,
    Vault,
    check_opens,
    seal_kept,
)
from tests.channels.tools import SECRET
from tests.store.records import T0

FRESH = SECRET[:-4] + "AAA="
OURS, THEIRS = Vault(b"the hub's secret"), Vault(b"another hub's secret")
WANTED = agreements.Wanted(
    agreement_id="sub-1",
    organisation="Y00001",
    role="*",
    channel="webhook",
    address="https://x.example",
    level="full",
    events=(),
    basis="direct_care",
    secret=OURS.seal("sub-1", SECRET),
    expires_at=T0 + timedelta(days=90),
    requested_by="ada",
    requested_at=T0,
)


def subscribe(engine: Engine, secret: str | None = None) -> None:
    """A subscription that carries; `secret` as it is to stand in the row."""
    kept = WANTED if secret is None else dataclass_replace(WANTED, secret=Sealed(secret))
    with writing(engine) as conn:
        agreements.request(conn, kept)
        for signal in (SubscriptionSignal.APPROVE, SubscriptionSignal.TESTED):
            then = agreements.move(conn, "sub-1", signal, "bea", T0)
            assert isinstance(then, SubscriptionState)


def rotate(engine: Engine, secret: str) -> None:
    """A new secret beside the old one."""
    with writing(engine) as conn:
        more = {"secret": secret}
        agreements.move(conn, "sub-1", SubscriptionSignal.ROTATE, "bea", T0, more)


def opened(engine: Engine, vault: Vault = OURS) -> tuple[str | None, str | None]:
    """What would sign: the secret and the one before."""
    with reading(engine) as conn:
        (kept,) = agreement_reads.endpoints(conn, {})
    found = vault.opened(kept)
    return found.secret, found.secret_before


def on_disk(tmp_path: Path) -> bytes:
    """Every byte of the database, its write-ahead log included."""
    files = sorted(tmp_path.glob("lite.db*"))
    assert [each for each in files if each.stat().st_size]
    return b"".join(each.read_bytes() for each in files)


def test_the_files_of_the_database_hold_no_secret(lite: Engine, tmp_path: Path) -> None:
    """Neither the present one nor the one before; and both still sign."""
    subscribe(lite)
    rotate(lite, OURS.seal("sub-1", FRESH))
    assert (FRESH, SECRET) == opened(lite)
    kept = on_disk(tmp_path)
    assert 2 <= kept.count(PREFIX.encode())
    for secret in (SECRET, FRESH):
        assert secret.encode() not in kept
        assert secret.removeprefix("whsec_").encode() not in kept


def test_what_an_earlier_release_kept_in_clear_is_read_and_then_sealed(
    lite: Engine, tmp_path: Path
) -> None:
    """In place, both secrets, once; and nothing of them is left in the files."""
    subscribe(lite, SECRET)
    rotate(lite, FRESH)
    assert (FRESH, SECRET) == opened(lite)
    assert SECRET.encode() in on_disk(tmp_path), "otherwise this test could not fail"
    assert (1, 0) == (seal_kept(lite, OURS), seal_kept(lite, OURS))
    assert (FRESH, SECRET) == opened(lite)
    kept = on_disk(tmp_path)
    assert [False, False] == [secret.encode() in kept for secret in (SECRET, FRESH)]


def test_sealing_leaves_alone_what_is_sealed(engine: Engine) -> None:
    """A row of which only the old secret is in clear, on both databases."""
    sealed = OURS.seal("sub-1", FRESH)
    subscribe(engine, SECRET)
    rotate(engine, sealed)
    assert 1 == seal_kept(engine, OURS)
    with reading(engine) as conn:
        assert sealed == conn.scalar(sa.select(t.agreements.c.secret))
    assert (FRESH, SECRET) == opened(engine)


def test_each_sealing_is_another(lite: Engine) -> None:
    """Nobody sees that two subscriptions have one secret, or that it did not change."""
    del lite
    assert OURS.seal("sub-1", SECRET) != OURS.seal("sub-1", SECRET)


@pytest.mark.parametrize(
    ("vault", "agreement_id", "change"),
    [
        (THEIRS, "sub-1", lambda kept: kept),
        (OURS, "sub-2", lambda kept: kept),
        (OURS, "sub-1", lambda kept: kept[:-8] + "AAAAAAA="),
        (OURS, "sub-1", lambda kept: kept[:20]),
        (OURS, "sub-1", lambda _: PREFIX + "no base64"),
    ],
    ids=["another key", "another row", "changed", "cut off", "no base64"],
)
def test_what_does_not_open_says_what_to_do(
    vault: Vault, agreement_id: str, change: type[str]
) -> None:
    """The subscription, the two ways out, and nothing of the secret."""
    kept = change(OURS.seal("sub-1", SECRET))
    with pytest.raises(SealedOtherwiseError) as met:
        vault.open(agreement_id, kept)
    said = str(met.value)
    for words in (agreement_id, "HUB_SECRET_KEY", "secret.key", "revoke", "ask for it again"):
        assert words in said
    assert SECRET not in said
    assert kept not in said


def test_a_hub_with_another_secret_finds_out_before_it_delivers(lite: Engine) -> None:
    """Of those that carry; one that was revoked hinders nobody."""
    subscribe(lite)
    check_opens(lite, OURS)
    with pytest.raises(SealedOtherwiseError, match="sub-1"):
        check_opens(lite, THEIRS)
    with writing(lite) as conn:
        agreements.move(conn, "sub-1", SubscriptionSignal.REVOKE, "bea", T0)
    check_opens(lite, THEIRS)


def test_the_delivery_role_does_not_start_with_another_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In words on stderr and with the code for what was named in words."""
    settings = Settings(data_dir=tmp_path, secret_key="t" * 32, kafka="127.0.0.1:1")
    migrate(settings.real_database_url())
    engine = make_engine(settings.real_database_url())
    subscribe(engine)
    engine.dispose()
    assert 3 == deliver(settings)
    said = capfd.readouterr().err
    assert "Delivery does not start: the signing secret of the subscription sub-1" in said
