"""The present holders of the roles, brought along with a receipt that hands a notice back."""

from hub.core.model import Input
from hub.store.present_team import hands_back, with_team
from hub.web.desk import Desk


async def with_present_team(desk: Desk, given: Input) -> Input:
    """The input, with the team as the directory knows it now when it hands a notice back."""
    return await desk.read(with_team, given, desk.directory) if hands_back(given) else given
