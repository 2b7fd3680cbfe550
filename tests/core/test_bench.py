"""The measurement of one decision measures what it says it does."""

from bench.core import Bench
from bench.story import OPEN_WANTED


def test_every_part_and_the_whole_are_measured_on_thirty_open_obligations() -> None:
    """A policy that no longer gives such an episode, or a part that fails, is seen here."""
    found = Bench().run(rounds=1, repeats=1)

    assert found["episode"]["open"] >= OPEN_WANTED
    wanted = {"decode_input", "decide", "encode_decision", "whole_cold", "whole_warm"}
    assert wanted <= found["decision_us"].keys()
    assert all(row["median"] > 0 for row in found["decision_us"].values())
    kinds = {kind.split()[0] for kind in found["by_kind_us"]}
    assert {"delivered", "opened", "accepted", "wake", "booking", "discharge"} == kinds
