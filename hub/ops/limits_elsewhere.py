"""The bounds that stand in files of their own; `hub.ops.limits` lists them after its own."""

from typing import Final

from hub.ops import (
    limits_carriers,
    limits_cover,
    limits_documents,
    limits_feeds,
    limits_replay,
    limits_subscriptions,
)

_FILES: Final = (
    limits_carriers,
    limits_documents,
    limits_replay,
    limits_subscriptions,
    limits_cover,
    limits_feeds,
)
ELSEWHERE: Final = tuple(each for file in _FILES for each in vars(file).values())
