"""How many connections a listening process may have open, as far as the machine lets it."""

import resource
from typing import Final

OTHER_FILES: Final = 256
"""Open files besides the connections: the database, Kafka, the modules' own."""


def allow_connections(most: int) -> None:
    """Ask for as many open files as connections, as far as the machine lets us.

    Many systems start a process with 1,024, and a listener that cannot accept stands still.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
