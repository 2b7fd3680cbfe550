"""Where a rule stands while it is read, so that a fault in it can name the place."""

from dataclasses import dataclass

from hub.policy.source import Source


@dataclass
class Here:
    """Where a rule stands: its file, its event type, its name."""

    source: Source
    event: str
    rule: str

    def fault(self, message: str, remedy: str, needle: str = "") -> None:
        """Note a fault in this rule."""
        self.source.fault(message, remedy, self.quoted, needle)

    @property
    def quoted(self) -> str:
        """The rule's name as it stands in the file."""
        return f'"{self.rule}"'
