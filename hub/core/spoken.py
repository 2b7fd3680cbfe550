"""What one professional told another aloud: it counts once both have recorded it (domain 1.1 f).

One records that she told, the other, for whom the notice is, that she took it; in either order,
each by name, and each by a receipt over the channel `verbal`.  Until then nothing is reached: what
only the teller remembers is how a child's story gets lost.
"""

from msgspec.structs import replace

from hub.core.acceptance import TAKES_ON, NotAccepted, refused
from hub.core.draft import Draft
from hub.core.episode import Obligation, Told
from hub.core.model import Receipt, Signal

MOST_WORDS = 8
"""One-sided words kept about one notice; more would be a program's, and prove no more."""


def unheard(
    draft: Draft, obligation: Obligation, told: Told, receipt: Receipt
) -> NotAccepted | None:
    """Why one side's word is none at all; None where it is one."""
    if _takes(told, receipt):
        return refused(draft, obligation, told, receipt)
    return None if receipt.person else NotAccepted.NO_NAMED_PERSON


def with_word(told: Told, receipt: Receipt) -> tuple[Told, Receipt | None]:
    """The notice after one side's word, and what both sides together prove.

    That is an acceptance by whoever took it, at the later of the two times.  It uses the words up.
    """
    taker = _takes(told, receipt)
    for word in told.spoken:
        if _takes(told, word) is not taker and _who(word) != _who(receipt):
            took = receipt if taker else word
            both = replace(took, signal=Signal.ACCEPTED, at=max(word.at, receipt.at))
            return replace(told, spoken=()), both
    if _known(told, receipt, taker=taker) or len(told.spoken) >= MOST_WORDS:
        return told, None
    return replace(told, spoken=(*told.spoken, receipt)), None


def _takes(told: Told, receipt: Receipt) -> bool:
    """Whether this is the word of who was told; any other is of who told."""
    return receipt.organisation == told.organisation and receipt.signal in TAKES_ON


def _who(receipt: Receipt) -> tuple[str, str | None]:
    return receipt.organisation, receipt.person


def _known(told: Told, receipt: Receipt, *, taker: bool) -> bool:
    said = ((_who(word), _takes(told, word)) for word in told.spoken)
    return (_who(receipt), taker) in said
