"""Entries of a bundle that delete a resource: `request.method` DELETE.

They hold no resource, and so neither a person nor an event.  Whoever took the resource before
knows which events came of it; here only the resources are named.
"""

import re
from typing import Final

from hub.edges.fhir.tree import Node, wrong

_NAMED: Final = re.compile(r"(?:https?://[^?#\s]*/)?([A-Z][A-Za-z]{2,40})/([A-Za-z0-9.\-]{1,64})")
"""A FHIR id has at most 64 characters; what has a ? asks for whatever fits, and names nothing."""


def is_removal(entry: Node) -> bool:
    """Whether an entry of a bundle deletes."""
    return entry.text("request", "method").upper() == "DELETE"


def removed_resources(root: Node) -> tuple[str, ...]:
    """The resources that a bundle deletes, `Encounter/123`.  Raises SenderFault."""
    return tuple(_named(entry) for entry in root.all("entry") if is_removal(entry))


def _named(entry: Node) -> str:
    found = _NAMED.fullmatch(entry.text("request", "url").split("/_history/")[0])
    if found is None:
        raise wrong(
            entry.place("request", "url"),
            "does not name one resource",
            "send the type and the id of the resource, such as Encounter/123; for several, one "
            "entry each",
        )
    return f"{found[1]}/{found[2]}"


def own_name(resource: Node) -> str:
    """`Encounter/123`, or an empty string for a resource without an id of its own."""
    own = resource.text("id")
    return f"{resource.kind}/{own}" if _NAMED.fullmatch(f"{resource.kind}/{own}") else ""
