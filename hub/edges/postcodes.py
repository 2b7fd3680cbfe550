"""Postcodes in one spelling, so that a home is not taken for another because of a blank."""

import re
from typing import Final

_BRITISH: Final = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", re.ASCII)


def tidied(written: str) -> str:
    """Upper case, with one space before the last three characters; a foreign one as it is."""
    bare = re.sub(r"\s+", "", written.upper())
    return f"{bare[:-3]} {bare[-3:]}" if _BRITISH.fullmatch(bare) else written.strip()
