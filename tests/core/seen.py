"""What people see of a family: its gaps and its notices, so that two courses can be compared."""

from hub.core.episode import Episode
from hub.core.outcomes import NoticeIssued, Outcome


def gaps_of(episode: Episode) -> set[tuple[str, ...]]:
    """Every gap, as far as people see it."""
    return {
        (g.gap_id, g.code, g.state.value, g.severity.name, g.opened_at.isoformat())
        for g in episode.gaps
    }


def notices_of(outcomes: list[Outcome]) -> set[tuple[str, ...]]:
    """Every notice: its id, and why it was sent to whom."""
    return {
        (o.notice_id, o.reason.value, o.why.rule, o.organisation)
        for o in outcomes
        if isinstance(o, NoticeIssued)
    }
