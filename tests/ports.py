"""Ports of this machine that nobody else is given while the tests run."""

import socket


def reserved_port() -> int:
    """A port that stays ours until this process ends, though nothing listens on it.

    A port that was only found to be free can be given to anybody before it is used, or while its
    server is down.  This one stays bound, so that the kernel gives it to nobody; whoever calls it
    is refused; and a server that names it may listen there, since servers of every kind (Kafka,
    asyncio, uvicorn, PostgreSQL, Java) allow the address to be used again.
    """
    holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    # The descriptor is kept without its object: it is to be closed by the end of the process only.
    holder.detach()
    return port
