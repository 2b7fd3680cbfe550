"""How thorough a run of the tests is: all of it, or the share that fits into an everyday loop.

Every test runs either way.  What makes up its own cases makes fewer of them where `HUB_TEST_EFFORT`
is below 100 (percent): `make check` sets it, `make test` does not.
"""

import os

EFFORT = int(os.environ.get("HUB_TEST_EFFORT", "100"))

FEWEST = 5
"""Below this a property says too little to be worth its start."""


def cases(most: int, fewest: int = FEWEST) -> int:
    """How many cases to try, of the number that a whole run tries."""
    return min(most, max(fewest, most * EFFORT // 100))
