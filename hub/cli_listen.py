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


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("listen")(listen)


Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", envvar="HUB_LISTEN_SECRET", help="`whsec_...`; again while it changes."
    ),
]
Organisation = Annotated[str, typer.Option("--organisation", help="Your ODS code (Kafka).")]
Group = Annotated[str, typer.Option("--group", help="Consumer group (Kafka).")]
Hub = Annotated[str, typer.Option("--hub", help="Where receipts go; the key is HUB_API_KEY.")]
NotOurs = Annotated[bool, typer.Option("--not-ours", help="Hand every notice back, by receipt.")]
AcceptAs = Annotated[
    str, typer.Option("--accept-as", help="Accept every notice as this person, by receipt.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON each.")]


def listen(
    kind: Annotated[Kind, typer.Argument(help="What kind of subscriber to be.")],
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1; 0 chooses one.")] = 0,
    secret: Secrets = None,
    organisation: Organisation = "",
    group: Group = "hub-listen",
    hub: Hub = "",
    refuse: Annotated[int, typer.Option("--refuse", help="Answer with this HTTP status.")] = 0,
    slow: Annotated[float, typer.Option("--slow", help="Seconds before each answer.")] = 0.0,
    silent: Annotated[bool, typer.Option("--silent", help="Never answer.")] = False,
    not_ours: NotOurs = False,
    accept_as: AcceptAs = "",
    count: Annotated[int, typer.Option("--count", help="End after so many notices.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Be a subscriber: verify, print one line a notice (no identity), answer well or badly."""
    settings = settings_or_words()
    _check(
        kind, settings.kafka, organisation, secret, needs_hub=not_ours or bool(accept_as), hub=hub
    )
    command: Any = importlib.import_module("hub.listen.command")
    manners: Any = importlib.import_module("hub.listen.manners")
    asked = command.Asked(
        kind=kind.value,
        manners=manners.Manners(
            refuse=refuse,
            slow_seconds=slow,
            silent=silent,
            not_ours=not_ours,
            accept_as=accept_as,
        ),
        port=port,
        secrets=tuple(secret or ()),
        hub=hub,
        key=settings.api_key.get_secret_value(),
        kafka=settings.kafka,
        organisation=organisation,
        group=group,
        count=count,
        as_json=as_json,
    )
    raise typer.Exit(command.main(asked))


def _check(
    kind: Kind,
    kafka: str,
    organisation: str,
    secret: list[str] | None,
    *,
    needs_hub: bool,
    hub: str,
) -> None:
    """End with words for what is missing."""
    if kind is Kind.KAFKA and not (kafka and organisation):
        give_up("set HUB_KAFKA and --organisation to listen on a topic")
    if kind is not Kind.KAFKA and not secret:
        give_up("give --secret or HUB_LISTEN_SECRET: what is not verified is not believed")
    if needs_hub and not hub:
        give_up("give --hub: a receipt needs somewhere to go")
