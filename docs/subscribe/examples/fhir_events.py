"""Asks for the events of a FHIR subscription from a number on.  pip install httpx"""

import os
import sys

import httpx


def missed(hub: str, subscription: str, since: int) -> list[dict[str, object]]:
    """The notices from a number on, as Communications; what was taken back is not among them."""
    answer = httpx.get(
        f"{hub}/fhir/Subscription/{subscription}/$events",
        params={"eventsSinceNumber": str(since), "content": "full-resource"},
        headers={"Authorization": f"Bearer {os.environ['HUB_KEY']}"},
    )
    answer.raise_for_status()
    return [entry["resource"] for entry in answer.json()["entry"][1:]]


if __name__ == "__main__":
    for notice in missed(sys.argv[1], sys.argv[2], int(sys.argv[3])):
        sys.stdout.write(f"{notice['id']}\n")
