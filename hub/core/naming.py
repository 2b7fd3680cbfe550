"""Whom an event names by their organisation: two of one role are two, and stay who they are.

A conference may invite two practices, and each owes a reply.  A duty is known by its rule, its
event, its role and what it is about; so what the second is told of holds her organisation too.
"""

from dataclasses import replace

from hub.core.draft import Context, Draft
from hub.core.facts import Recipient
from hub.core.holding import TEAM_OF, one_post, role_now
from hub.core.ids import derive
from hub.core.policy import TellRule


def recipients(draft: Draft, rule: TellRule, context: Context) -> tuple[Recipient, ...]:
    """Whom a rule tells now; where it names a post, its team until somebody is named."""
    if rule.each is not None:
        found: tuple[Recipient, ...] = rule.each(context)
        return found
    return tuple(Recipient(role_now(role, draft.holder(role))) for role in rule.to)


def stands(draft: Draft, rule: TellRule, recipient: Recipient, trigger: str, subject: str) -> bool:
    """Whether somebody is told already: by this duty, or as the other of a team and its named one.

    What the team was told before somebody was named is not told twice when it is heard again.
    """
    roles = {recipient.role}
    if rule.each is None or rule.by_post:
        roles |= {r for r in (*TEAM_OF, *TEAM_OF.values()) if one_post(r, recipient.role)}
    return any(
        _identity_of(draft, rule, replace(recipient, role=role), trigger, subject)
        in draft.obligations
        for role in roles
    )


def told_apart(
    draft: Draft, rule: TellRule, recipient: Recipient, trigger: str, subject: str
) -> tuple[str, str]:
    """The id of the duty to tell somebody, and what it is about.

    That holds the organisation where the event names another one of the same role too.
    """
    identity = _identity_of(draft, rule, recipient, trigger, subject)
    known = draft.obligations.get(identity)
    if known is None or rule.each is None or rule.by_post or not recipient.organisation:
        return identity, subject
    told = {known.organisation, *(t.organisation for t in known.told)}
    if recipient.organisation in told:
        return identity, subject
    subject = "/".join(filter(None, (subject, recipient.organisation)))
    return _identity_of(draft, rule, recipient, trigger, subject), subject


def _identity_of(
    draft: Draft, rule: TellRule, recipient: Recipient, trigger: str, subject: str
) -> str:
    said = (rule.basis.rule, trigger, recipient.role, subject, recipient.part)
    return derive("o", draft.episode_id, *said)


def each_place(
    draft: Draft, rule: TellRule, recipient: Recipient, trigger: str, subject: str
) -> Recipient:
    """Somebody to whom a thing is owed once more, beside who holds her post at another place."""
    known = draft.obligations.get(_identity_of(draft, rule, recipient, trigger, subject))
    if known is None or known.organisation == recipient.organisation:
        return recipient
    return replace(recipient, part=f"{recipient.part}/{recipient.organisation}")


def names_another(draft: Draft, rule: TellRule, recipient: Recipient) -> bool:
    """Whether the event names an organisation for a role that the directory has elsewhere."""
    if rule.each is None or rule.by_post or not recipient.organisation:
        return False
    holder = draft.holder(recipient.role) or draft.holder(TEAM_OF.get(recipient.role, ""))
    return holder is None or holder.organisation != recipient.organisation


def asked_apart(
    draft: Draft, rule: str, trigger: str, owner: Recipient, role: str, about: str
) -> tuple[str, str]:
    """The id of a question to an owner, and what it is about: told apart in the same way."""
    identity = derive("e", draft.episode_id, rule, trigger, role, about)
    known = draft.expectations.get(identity)
    if known is not None and owner.elsewhere(role, known.organisation):
        about = "/".join(filter(None, (about, owner.organisation)))
        identity = derive("e", draft.episode_id, rule, trigger, role, about)
    return identity, about


def place_of(draft: Draft, role: str, owner: Recipient, about: str) -> str:
    """Where the owner of a question sits: as the rule names it, else where the role is held."""
    holder = draft.holder(role, about)
    named = owner.organisation if role == owner.role else ""
    return named or (holder.organisation if holder else "")
