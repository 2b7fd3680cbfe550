"""How much of a notice travels: less than the whole, never more."""

from msgspec.structs import replace

from hub.edges.records import NoticeRecord

SIGNAL_TITLE = "A notice"


def lessened(notice: NoticeRecord, level: str) -> NoticeRecord:
    """The notice as a subscription of this level gets it; whoever may have the rest asks for it."""
    if level == "summary":
        return replace(notice, content=())
    if level == "signal":
        return replace(
            notice, title=SIGNAL_TITLE, content=(), rule="", policy="", because="", authority=""
        )
    return notice
