"""The matters agent: what is no pregnancy (a feed, a practice, a team, an area), by its own key.

It is the episode agent over another topic and another table: the same decision, the same state
that a crash cannot lose, the same records on `hub.decisions`, so that its gaps and escalations
reach the same board and the same worklists.
"""

from datetime import datetime

from agents.context import Context
from agents.outputs import Output
from hub.core.matters import Counted
from hub.core.model import Event
from hub.core.person import person_key
from hub.edges.avro import encode_input, pass_event_on
from hub.edges.matters import input_of_counted
from hub.ops.topics import MATTERS, PERSONS

TABLE = "matters"


def named_output(context: Context, event: Event) -> Output:
    """The record by which a family hears of a matter's event: by its reference, like any other."""
    key = person_key(event, context.secret)
    return Output(PERSONS, key.encode(), pass_event_on(event))


def counted_output(context: Context, counted: Counted, at: datetime) -> Output:
    """The input by which a matter hears of what was decided elsewhere at `at`."""
    given = input_of_counted(context.directory, counted, at, context.secret)
    return Output(MATTERS, given.episode_id.encode(), encode_input(given))
