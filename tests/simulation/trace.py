"""What happened, as lines that people can read."""

from dataclasses import dataclass
from datetime import datetime

from hub.core.outcomes import GapClosed, GapOpened, NoticeIssued, ObligationEnded
from hub.edges.avro import DecisionRecord


@dataclass(slots=True)
class Trace:
    """The lines of a run; kept only when somebody will read them."""

    start: datetime
    lines: list[str] | None = None
    decisions: bool = False

    def say(self, at: datetime, sentence: str) -> None:
        """Add a line."""
        if self.lines is not None:
            since = at - self.start
            clock = f"{since.seconds // 3600:02}:{since.seconds // 60 % 60:02}"
            self.lines.append(f"day {since.days:3} {clock}  {sentence}")

    def decision(self, at: datetime, record: DecisionRecord) -> None:
        """Add what a decision says that people would notice."""
        if not self.decisions:
            return
        for outcome in record.outcomes:
            match outcome:
                case NoticeIssued():
                    what = f"notice {outcome.why.rule} to {outcome.role} ({outcome.reason})"
                case GapOpened():
                    what = f"gap {outcome.code} opens for {outcome.role}"
                case GapClosed():
                    what = f"gap {outcome.code} is {outcome.state}"
                case ObligationEnded():
                    what = f"a duty of {outcome.role} ends: {outcome.state}"
                case _:
                    continue
            self.say(at, f"  the hub says: {what}")
