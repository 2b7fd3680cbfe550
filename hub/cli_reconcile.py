"""The command after an outage: `hub reconcile`."""

import importlib
from datetime import datetime
from typing import Annotated, Any

import typer

from hub.cli_words import settings_or_words


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("reconcile")(reconcile)


def reconcile(
    since: Annotated[datetime, typer.Option("--from", help="Begin of the outage, UTC.")],
    until: Annotated[datetime, typer.Option("--to", help="End of the outage, UTC.")],
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, to sort or to print.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Who would have been told in an outage and is not yet, gravest first; 1 when anybody is."""
    shows: Any = importlib.import_module("hub.reconcile")
    form = "csv" if as_csv else "json" if as_json else "text"
    raise typer.Exit(shows.main(settings_or_words(), since, until, form))
