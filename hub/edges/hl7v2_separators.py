"""The separators that an HL7 v2 message declares, and the escapes that stand for them."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Separators:
    """The five characters of MSH-1 and MSH-2; an empty string is a separator not declared."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    def unescape(self, written: str) -> str:
        r"""Escapes resolved (`\T\` is `&`); one that is not known is left as it was written."""
        if not self.escape or self.escape not in written:
            return written
        mark = re.escape(self.escape)
        return re.sub(f"{mark}([^{mark}]{{1,200}}){mark}", self._meaning, written)

    def _meaning(self, found: re.Match[str]) -> str:
        code = found[1]
        known = {
            "F": self.field,
            "S": self.component,
            "R": self.repetition,
            "E": self.escape,
            "T": self.subcomponent,
            ".br": "\n",
            "H": "",
            "N": "",
        }
        if code in known:
            return known[code]
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
            return bytes.fromhex(code[1:]).decode("latin-1")
        return found[0]
