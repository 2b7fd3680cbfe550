"""Who was seen at a contact: only where a professional was there to see.

Parents who weigh their baby in an empty room have been seen by nobody, whatever the session's
record says (F95; G10 asks for a contact with a professional).
"""

from typing import Any


def attended(body: dict[str, Any]) -> dict[str, Any]:
    """A body as conditions read it: of a session without staff nobody counts as seen."""
    return {**body, "seen": []} if body.get("staffed") == "n" else body
