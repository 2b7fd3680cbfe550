"""The one error of these tools: what was asked cannot be answered, and what to do about it."""


class CannotAnswerError(Exception):
    """A question that cannot be answered as it was put.  The text says what to do next."""
