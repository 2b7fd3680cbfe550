"""Facts about what she agrees to have shared, and what she objects to (E49)."""

from hub.core.draft import Context, unpack_body
from hub.core.facts.register import fact, of_type
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


@fact(TRUTH)
def loss_may_be_told(c: Context) -> bool:
    """Whether a loss is on record, other than a termination she keeps to herself (P11, P12)."""
    ended = {unpack_body(r).get("outcome") for r in of_type(c.episode, "pregnancy.ended")}
    kept: set[str] = set() if agreed_within(c.episode, "all_routine") else {"termination"}
    return bool(ended - kept - {"live_birth_see_E08"})


@fact(TRUTH, scope=TEXT)
def objects(c: Context, scope: str) -> bool:
    """Whether she objects to routine sharing within a scope, such as `GP`."""
    return scope in c.episode.objections
