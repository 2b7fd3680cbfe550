"""The invented messages of `tests/edges/messages`, as a sender would put them on the wire."""

from pathlib import Path

FOLDER = Path(__file__).parent / "messages"


def message(name: str, *, line_end: str = "\r") -> bytes:
    """One message by the stem of its file, its segments ended as asked."""
    return (FOLDER / f"{name}.hl7").read_text(encoding="utf-8").replace("\n", line_end).encode()


def names() -> list[str]:
    """Every message there is."""
    return sorted(file.stem for file in FOLDER.glob("*.hl7"))
