"""Why somebody is not told, in words."""

from enum import StrEnum

from hub.core.silences import Silence


class NotTold(StrEnum):
    """Why a role has no notice, beyond the reasons for which a rule stays silent."""

    NO_RULE = "no_rule"
    NAMES_OTHERS = "names_others"
    NOT_DECIDED_ANEW = "not_decided_anew"


WORDS = {
    Silence.CONDITION: "the condition of the rule is not met",
    Silence.NAMES_NOBODY: "the rule finds nobody to tell",
    Silence.STANDS_ALREADY: "the same is owed already",
    Silence.ONE_FACT: "another system reported the same, and it was told in full",
    Silence.STOPPED_BY_LOSS: "what is routine stops after a loss",
    Silence.STOPPED_BY_DEATH: "what is for the mother alone stops at her death",
    Silence.RESTRICTED: "nothing of it may reach this reader",
    Silence.NO_HOLDER: "it is owed, and nobody is known to hold the role",
    Silence.UNSAFE: "it is owed, and kept back: it would expose her there",
    Silence.ANSWERED_ALREADY: "it has happened already",
    NotTold.NO_RULE: "no rule of this event type tells this role",
    NotTold.NAMES_OTHERS: "the rule names whom it tells from the event, and this role is not there",
    NotTold.NOT_DECIDED_ANEW: "the event was known already, and nothing follows from it twice",
}
