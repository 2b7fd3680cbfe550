"""How conditions compare: what is absent is neither more, nor less, nor different."""

from typing import Any


def less(left: Any, right: Any) -> bool:
    """Whether one is known to be less than the other."""
    return left is not None and right is not None and left < right


def at_most(left: Any, right: Any) -> bool:
    """Whether one is known to be no more than the other."""
    return left is not None and right is not None and left <= right


def unequal(left: Any, right: Any) -> bool:
    """Whether both are known and differ."""
    return left is not None and right is not None and left != right


def listed(value: Any) -> Any:
    """A list as a value that compares with one written in a rule."""
    return None if value is None else tuple(value)


def among(left: Any, right: Any) -> bool:
    """Whether one is known to be in the other."""
    return left is not None and right is not None and left in right


def not_among(left: Any, right: Any) -> bool:
    """Whether both are known, and one is not in the other."""
    return left is not None and right is not None and left not in right
