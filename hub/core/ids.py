"""Ids are derived, never drawn: the same inputs give the same ids, wherever they are replayed."""

from hashlib import blake2b

ID_BYTES = 10  # 80 bits: a collision within one episode is out of reach, and an id stays readable.


def derive(kind: str, *parts: object) -> str:
    """An id such as `n-3f...`, from its kind and everything that makes it what it is."""
    digest = blake2b("\x1f".join(map(str, parts)).encode(), digest_size=ID_BYTES)
    return f"{kind}-{digest.hexdigest()}"


def fingerprint(identity: str) -> int:
    """Eight bytes that stand for an id."""
    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest())
