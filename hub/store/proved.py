"""What a notice that is sent again can still prove: a replay takes nothing back.

What was delivered stays delivered, whatever becomes of the copy; what is proved a second time is
not told a second time.
"""

from datetime import datetime
from typing import Any

from hub.core.model import Signal


def evidence(
    before: str | None, signal: Signal, clock_at: datetime, replay_id: str | None
) -> dict[str, Any]:
    """What an attempt changes of the evidence in the outbox; nothing where better stands."""
    if replay_id is not None and before in (Signal.DELIVERED, signal):
        return {}
    return {"signal": signal, "signal_at": clock_at, "reported": False}
