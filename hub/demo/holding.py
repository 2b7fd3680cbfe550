"""Who speaks in a row that names only a role: most people write `actor = "COMM_MIDWIFE"`."""

from typing import Any, Final

STANDS_FOR: Final = {"NAMED_HV": "HV_TEAM", "NAMED_MW": "COMM_MIDWIFE"}
"""Roles of one person by name, and the team she is of."""

type_of_tables = dict[str, Any]


class Held:
    """Which organisation speaks, where a row names only the role of whoever does."""

    def __init__(self, tables: type_of_tables):
        """Read who holds which role in the directory of a scenario."""
        directory = tables.get("directory")
        found = directory if isinstance(directory, dict) else {}
        self.people: type_of_tables = tables.get("people", {})
        self.roles = [row for row in found.get("role", ()) if isinstance(row, dict)]
        self.registrations = [row for row in found.get("registration", ()) if isinstance(row, dict)]

    def organisation(self, role: Any, row: type_of_tables) -> str:
        """The one organisation that holds a role; of a practice's roles, her own practice.

        Raises LookupError where there is none or more than one.
        """
        if str(role).startswith("GP_"):
            person = self.people.get(row.get("subject") or next(iter(self.people), ""), {})
            places = [
                r.get("practice")
                for r in self.registrations
                if r.get("nhs_number") == person.get("nhs_number")
            ]
        else:
            same = STANDS_FOR.get(str(role), str(role))
            places = [r.get("organisation") for r in self.roles if r.get("role") in (role, same)]
        # A registration that is over stands before the one that holds, so the first is taken there.
        known = list(dict.fromkeys(str(place) for place in places if place))
        if len(known) == 1 or (known and str(role).startswith("GP_")):
            return known[0]
        held_by = f"more than one has it: {', '.join(known)}" if known else "nobody there has it"
        raise LookupError(
            f"whose {role!r} speaks? In this directory {held_by}; "
            "write actor = { role = ..., org = ... }, or 'source'",
        )
