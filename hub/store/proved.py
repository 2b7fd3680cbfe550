"""What a notice that is sent again can still prove: a replay takes nothing back.

What was delivered stays delivered, whatever becomes of the copy; what is proved a second time is
not told a second time.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.core.model import Signal
from hub.store import tables as t


def evidence(
    before: str | None, signal: Signal, clock_at: datetime, replay_id: str | None
) -> dict[str, Any]:
    """What an attempt changes of the evidence in the outbox; nothing where better stands."""
    if replay_id is not None and before in (Signal.DELIVERED, signal):
        return {}
    return {"signal": signal, "signal_at": clock_at, "reported": False}


def bounced(clock_at: datetime) -> dict[str, Any]:
    """As `evidence`, for all that is given up at once."""
    x = t.outbox.c
    delivered = x.signal == Signal.DELIVERED
    return {
        "signal": sa.case((delivered, x.signal), else_=Signal.BOUNCED.value),
        "signal_at": sa.case(
            (delivered, x.signal_at), else_=sa.literal(clock_at, x.signal_at.type)
        ),
        "reported": sa.case((delivered, x.reported), else_=sa.false()),
    }
