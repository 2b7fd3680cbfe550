"""Facts about what she agrees to have shared, and what she objects to (E49)."""

from hub.core.draft import Context
from hub.core.facts.register import fact
from hub.core.kinds import TEXT, TRUTH
from hub.core.redaction import agreed_within


@fact(TRUTH)
def objection_stands(c: Context) -> bool:
    """Whether she objects to some routine sharing, and nobody has set that aside (G73)."""
    return bool(c.episode.objections)


@fact(TRUTH, scope=TEXT)
def agrees(c: Context, scope: str) -> bool:
    """Whether she agreed to sharing within a scope, such as `GP`; silence is no agreement (E49)."""
    return agreed_within(c.episode, scope)


@fact(TRUTH, scope=TEXT)
def objects(c: Context, scope: str) -> bool:
    """Whether she objects to routine sharing within a scope, such as `GP`."""
    return scope in c.episode.objections
