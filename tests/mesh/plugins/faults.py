"""Faults on order, as a plug-in of the fake national MESH.  Runs in the sandbox's environment.

A message whose workflow is one of the words below meets that fault before anything of it is kept.
"""

import asyncio
from typing import Any, ClassVar

from fastapi import HTTPException

LATER, HANG, MUTE = "FAULT_LATER", "FAULT_HANG", "FAULT_MUTE"
HANG_SECONDS = 4.0
MUTE_SECONDS = 60.0
"""Longer than anybody waits for an answer."""


class FaultsPlugin:
    """Found by the sandbox through its name and its triggers."""

    triggers: ClassVar = ["before_send_message"]

    async def on_event(self, event: str, event_args: dict[str, Any]) -> None:
        """Meet the order of the message's workflow."""
        del event
        ordered = event_args["message"].workflow_id
        if ordered == LATER:
            raise HTTPException(503, detail="busy", headers={"Retry-After": "7"})
        if ordered == HANG:
            await asyncio.sleep(HANG_SECONDS)
        if ordered == MUTE:
            await asyncio.sleep(MUTE_SECONDS)
            raise HTTPException(503, detail="nobody waited")
