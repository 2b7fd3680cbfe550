"""Every bound has one name, one value and one line in the documents."""

import re
from importlib import import_module

import pytest

from hub.ops.limit import Limit, as_table
from hub.ops.limits import LIMITS, RETRY_LEAST_SECONDS, RETRY_MOST_SECONDS
from tests.house.tree import ROOT

OPERATE = ROOT / "docs" / "operate.md"


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_the_value_in_force_is_the_one_that_is_listed(limit: Limit) -> None:
    """Where a constant is not taken from the list, it must still be the same."""
    module, _, name = limit.where.partition(":")
    assert limit.value == getattr(import_module(module), name)


def test_the_table_in_the_documents_is_the_list() -> None:
    """Line by line; `python -m hub.ops.limits` prints it anew."""
    text = OPERATE.read_text(encoding="utf-8")
    section = text.partition("\n## Limits\n")[2].partition("\n## ")[0]
    assert as_table(LIMITS) in section


def test_every_limit_has_a_name_of_its_own_and_says_why() -> None:
    """Two limits of one name could not be told apart by whoever meets one."""
    assert len(LIMITS) == len({limit.name for limit in LIMITS})
    assert all(limit.because and limit.beyond and limit.value > 0 for limit in LIMITS)


def test_the_documents_say_how_long_a_publisher_is_asked_to_wait() -> None:
    """The two ends of `Retry-After`."""
    text = OPERATE.read_text(encoding="utf-8")
    found = re.search(r"`Retry-After` of (\d+) to (\d+) seconds", text)
    assert found is not None
    assert (RETRY_LEAST_SECONDS, RETRY_MOST_SECONDS) == tuple(map(int, found.groups()))
