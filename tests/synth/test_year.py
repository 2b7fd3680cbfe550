"""A small synthetic year: plausible, repeatable, and without a single false alarm."""

from datetime import datetime
from pathlib import Path

import pytest

from hub.core.policy import Policy
from hub.edges.doors import event_from_json
from hub.edges.nhs_number import is_valid
from hub.edges.schemas import default_schemas
from hub.synth.account import account_of
from hub.synth.draw import ONE_OF, draw_family
from hub.synth.people import nhs_number
from hub.synth.play import FamilyRig
from hub.synth.rates import rates
from hub.synth.replay import replay
from hub.synth.year import make_year
from tests.core import stage
from tests.house.tree import module_of, python_files, source_of

SCHEMAS = default_schemas()


def within_any(name: str, layers: tuple[str, ...]) -> bool:
    """Whether a dotted name lies inside one of some layers."""
    return any(name == one or name.startswith(one + ".") for one in layers)


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The packaged policy."""
    return stage.policy()


def test_the_generator_and_the_injector_know_no_rule() -> None:
    """Nothing that makes a year or spoils it sees the policy or the core; only what plays does."""
    players = {"hub.synth.play", "hub.synth.score", "hub.synth.replay", "hub.synth.command"}
    makers = [f for f in python_files("hub/synth") if module_of(f) not in players]
    assert len(makers) > 10
    for file in makers:
        seen = {n for n in source_of(file).imports if within_any(n, ("hub", "agents"))}
        assert set() == {
            n for n in seen if not within_any(n, ("hub.synth", "hub.edges.nhs_number"))
        }, file
        assert set() == {n for n in seen if within_any(n, tuple(players))}, file


def test_every_number_is_synthetic_and_nobody_has_two() -> None:
    """Valid NHS numbers of the 999 range, each once."""
    numbers = [nhs_number(n) for n in range(3_000)]
    assert len(numbers) == len(set(numbers))
    assert all(n.startswith("999") and is_valid(n) for n in numbers)


def test_every_rate_is_used_or_drawn() -> None:
    """A rate in the table that nothing draws would be a figure for show."""
    text = "".join(f.read_text(encoding="utf-8") for f in python_files("hub/synth"))
    assert [] == [name for name in rates() if f'"{name}"' not in text]


def test_the_same_seed_makes_the_same_family() -> None:
    """And another seed makes another."""
    one, again, other = (account_of(draw_family(s, 5)).account for s in (1, 1, 2))
    assert one == again
    assert one.events != other.events


def test_every_event_passes_the_door() -> None:
    """What is written is the hub's own JSON, in the order in which it arrives."""
    for number in range(12):
        account = account_of(draw_family(7, number)).account
        arrivals = [datetime.fromisoformat(e["recordedat"]) for e in account.events]
        assert arrivals == sorted(arrivals)
        for event, at in zip(account.events, arrivals, strict=True):
            if event["type"] in SCHEMAS.event_types():
                event_from_json(event, received_at=at, schemas=SCHEMAS)


@pytest.mark.parametrize("trait", ["", *ONE_OF, "twins"])
def test_where_nothing_is_wrong_nothing_is_found(trait: str, policy: Policy) -> None:
    """Families to whom everything happens as it should, of every kind: not one gap."""
    needs = frozenset({trait} if trait else ())
    for number in range(4):
        rig = FamilyRig(account_of(draw_family(3, number, needs)).account, policy, SCHEMAS)
        assert [] == rig.run_through()
        assert [] == [row for row in rig.rows if row.quarantined]
        assert rig.notices, "a family of whom nobody is told proves nothing"


def test_a_year_is_written_and_one_of_its_families_is_a_scenario(tmp_path: Path) -> None:
    """A family of the files, as a scenario file, can be read as any other."""
    assert [(3, 3)] == list(make_year(tmp_path, 3, 4, faults=False))
    text = replay(tmp_path, 2)
    assert text.startswith('id = "SYNTH-2"')
    with pytest.raises(LookupError):
        replay(tmp_path, 3)
