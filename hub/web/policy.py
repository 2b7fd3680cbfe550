"""The rules in force, for pages and answers that say what the rules say.

The gateway decides nothing: it reads the policy to say what a role is called and who may know what.
"""

from functools import cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from hub.core.policy import Policy
from hub.policy.loader import load_policy
from hub.web.desk import Desk


async def policy_of(desk: Desk) -> Policy:
    """The policy of these settings, read once, as the worker reads it at its start."""
    folders = desk.settings.policy_dir, desk.settings.schemas_dir
    return await run_in_threadpool(_read, *folders)


@cache
def _read(policy_dir: Path, schemas_dir: Path) -> Policy:
    return load_policy(policy_dir, [schemas_dir / "events"])
