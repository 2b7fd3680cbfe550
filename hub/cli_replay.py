"""The command that sends notices again: `hub replay`."""

import importlib
from datetime import datetime
from typing import Annotated, Any

import typer

from hub.cli_words import settings_or_words


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("replay")(replay)


def replay(
    by: Annotated[str, typer.Option("--by", help="Your person id in the directory.")],
    organisation: Annotated[str, typer.Option("--organisation", help="Recipient, ODS code.")] = "",
    channel: Annotated[str, typer.Option("--channel", help="As it went last.")] = "",
    state: Annotated[str, typer.Option("--state", help="sent, delivered or exhausted.")] = "",
    since: Annotated[datetime | None, typer.Option("--since", help="Made from, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Made before, UTC.")] = None,
    notice: Annotated[str, typer.Option("--notice", help="One notice, by its id.")] = "",
    why: Annotated[str, typer.Option("--why", help="outage, lost, address_mended.")] = "asked_for",
    act: Annotated[str, typer.Option("--act", help="Send what this preview showed.")] = "",
    token: Annotated[str, typer.Option("--token", help="The token of that preview.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Send notices again: first a preview of exactly what would go, then the deed with `--act`."""
    does: Any = importlib.import_module("hub.replay")
    settings = settings_or_words()
    if act:
        raise typer.Exit(does.act(settings, act, token, by, as_json=as_json))
    filters = {
        "organisation": organisation,
        "channel": channel,
        "state": state,
        "since": since,
        "until": until,
        "notice_id": notice,
    }
    raise typer.Exit(does.preview(settings, filters, why, by, as_json=as_json))
