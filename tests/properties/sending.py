"""What really leaves the hub for a recipient: the bytes of a notice, in each form it travels in."""

from hub.core.holding import one_post
from hub.core.outcomes import Decision, NoticeIssued
from hub.edges.avro import encode_notice
from hub.edges.channels.webhook import body_of
from hub.edges.records import DecisionRecord
from hub.roles.queueing import notice_of


def sent_to(decision: Decision, role: str) -> list[bytes]:
    """Every notice of a decision for a role, in Avro and as a webhook gets it, in order.

    A team reads as whoever is named of it does, and is told in her place until somebody is.
    """
    record = DecisionRecord(
        episode_id=decision.episode.episode_id,
        seq=decision.seq,
        input_id=decision.input_id,
        input_partition=0,
        input_offset=0,
        at=decision.at,
        policy_version=decision.policy_version,
        outcomes=(),
    )
    found: list[bytes] = []
    for outcome in decision.outcomes:
        if isinstance(outcome, NoticeIssued) and one_post(outcome.role, role):
            notice = notice_of(record, outcome)
            found += [encode_notice(notice), body_of(notice)]
    return found
