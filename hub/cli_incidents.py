"""The command for whoever watches delivery: `hub incidents`."""

import importlib
from typing import Annotated, Any

import typer

from hub.cli_words import settings_or_words


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("incidents")(incidents)


def incidents(
    destination: Annotated[
        str, typer.Option("--destination", help="List the notices that this one holds up.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Destinations that fail, one incident each; the exit code is 1 when there is one."""
    shows: Any = importlib.import_module("hub.incidents")
    raise typer.Exit(shows.main(settings_or_words(), destination, as_json=as_json))
