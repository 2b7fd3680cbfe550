"""The command for subscribers who want to try their end, or the hub's: `hub listen`."""

import importlib
from enum import StrEnum
from typing import Annotated, Any

import typer

from hub.cli_words import give_up, settings_or_words


class Kind(StrEnum):
    """On what to listen."""

    WEBHOOK = "webhook"
    FHIR = "fhir"
    KAFKA = "kafka"


WhatKind = Annotated[Kind, typer.Argument(help="What kind of subscriber to be.")]
Port = Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 chooses one.")]
Secret = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", envvar="HUB_LISTEN_SECRET", help="`whsec_...`; again while it changes."
    ),
]
Organisation = Annotated[str, typer.Option("--organisation", help="Your ODS code (Kafka).")]
Group = Annotated[str, typer.Option("--group", help="Consumer group (Kafka): RYX-...")]
Hub = Annotated[str, typer.Option("--hub", help="Where receipts go; the key is HUB_API_KEY.")]
Refuse = Annotated[int, typer.Option("--refuse", help="Answer with this HTTP status.")]
Slow = Annotated[float, typer.Option("--slow", help="Seconds before each answer.")]
Silent = Annotated[bool, typer.Option("--silent", help="Never answer.")]
NotOurs = Annotated[bool, typer.Option("--not-ours", help="Hand every notice back, by receipt.")]
AcceptAs = Annotated[
    str, typer.Option("--accept-as", help="Accept every notice as this person, by receipt.")
]
Count = Annotated[int, typer.Option("--count", help="End after so many notices.")]
Json = Annotated[bool, typer.Option("--json", help="Print one line of JSON each.")]


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("listen")(listen)


def listen(
    kind: WhatKind,
    port: Port = 0,
    secret: Secret = None,
    organisation: Organisation = "",
    group: Group = "",
    hub: Hub = "",
    refuse: Refuse = 0,
    slow: Slow = 0.0,
    silent: Silent = False,
    not_ours: NotOurs = False,
    accept_as: AcceptAs = "",
    count: Count = 0,
    as_json: Json = False,
) -> None:
    """Be a subscriber: verify, print one line a notice (no identity), answer well or badly."""
    settings = settings_or_words()
    if kind is Kind.KAFKA and not (settings.kafka and organisation):
        give_up("set HUB_KAFKA and --organisation to listen on a topic")
    if kind is not Kind.KAFKA and not secret:
        give_up("give --secret or HUB_LISTEN_SECRET: what is not verified is not believed")
    if (not_ours or accept_as) and not hub:
        give_up("give --hub: a receipt needs somewhere to go")
    command: Any = importlib.import_module("hub.listen.command")
    manners: Any = importlib.import_module("hub.listen.manners").Manners(
        refuse=refuse, slow_seconds=slow, silent=silent, not_ours=not_ours, accept_as=accept_as
    )
    asked = command.Asked(kind=kind.value, manners=manners, port=port, secrets=tuple(secret or ()))
    receipts = {"hub": hub, "key": settings.api_key.get_secret_value()}
    topic = {
        "kafka": settings.kafka,
        "organisation": organisation,
        "group": group or f"{organisation}-listen",
        "login": settings.shown_to_kafka(),
    }
    raise typer.Exit(command.main(asked.having(**receipts, **topic, count=count, as_json=as_json)))
