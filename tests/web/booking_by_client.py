"""Publishes a booking with the client that a generator made of the OpenAPI; run by a test.

Its own interpreter has the generated package `hub_client` and what that needs, and nothing of the
hub: `booking_by_client.py ADDRESS KEY FILE` prints what was answered as JSON.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import hub_client.api
from hub_client import AuthenticatedClient
from hub_client.api.events import post_event
from hub_client.models import EventAccepted, PregnancyBooked, Problem


def main(address: str, key: str, file: str) -> None:
    """Send the booking of a file, and print the answer that the client understood."""
    for _, name, _ in walk_packages(hub_client.api.__path__, "hub_client.api."):
        import_module(name)
    booking = PregnancyBooked.from_dict(json.loads(Path(file).read_text(encoding="utf-8")))
    client = AuthenticatedClient(base_url=address, token=key)
    answer = post_event.sync(client=client, body=booking)
    assert isinstance(answer, EventAccepted | Problem), answer
    sys.stdout.write(json.dumps({"kind": type(answer).__name__, **answer.to_dict()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
