"""The roads of notices as they are now: the directory, and the subscriptions over it."""

from hub.edges.directory import Directory
from hub.policy.rule_events import events_of_rules
from hub.store import agreement_reads
from hub.web.desk import Desk


async def roads_of(desk: Desk) -> Directory:
    """The directory with the subscriptions that carry in the places of its rows."""
    rule_events = events_of_rules(desk.settings.policy_dir)
    over = await desk.read(agreement_reads.endpoints, rule_events)
    return agreement_reads.laid_over(desk.directory, over)
