"""Filters of subscriptions as operators write them, and as the pages say them back."""

from collections.abc import Collection, Mapping
from typing import Final

from hub.core.filter_terms import TERMS
from hub.core.filter_text import FilterFault, kept_filter, read_filter
from hub.core.filters import text_of, words_of
from hub.edges.choosing import places_in
from hub.ops import limits_subscriptions as limits
from hub.policy.rule_events import events_of_rules, labels_of, services_of
from hub.store.agreement_reads import why_unread
from hub.web.desk import Desk, Refusal
from hub.web.words import role_labels

LONGEST: Final = limits.FILTER_CHARACTERS.value

EXAMPLES: Final = tuple(each.example for each in TERMS.values())
"""One for each term, for the page that asks."""


def allowed_in(desk: Desk) -> Mapping[str, Collection[str]]:
    """What the terms may be here, by the policy and the directory."""
    policy_dir = desk.settings.policy_dir
    return {
        "eventType": set(events_of_rules(policy_dir).values()),
        "role": set(role_labels()),
        "service": services_of(policy_dir),
        "label": labels_of(policy_dir),
        **places_in(desk.directory),
    }


def filter_in(desk: Desk, said: str) -> str:
    """The filter of a form, as it is kept.  Raises Refusal with where and what to write instead."""
    said = said.strip()
    if len(said) > LONGEST:
        remedy = f"Write at most {LONGEST} characters, or ask for two subscriptions."
        raise Refusal(422, "The filter is too long", remedy)
    if not said:
        return ""
    try:
        return text_of(read_filter(said, allowed_in(desk)))
    except FilterFault as fault:
        raise Refusal(422, f"The filter cannot be used: {fault}", "Go back and mend it.") from None


def filter_words(kept: str) -> str:
    """A filter that is kept, in words; of none, that there is none."""
    if (unread := why_unread(kept)) is not None:
        return f"its filter cannot be read by this version ({unread})"
    return words_of(kept_filter(kept)) if kept else "every notice"
