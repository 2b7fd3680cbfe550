"""The command for the key that seals: `hub secrets rotate`."""

import importlib
from typing import Annotated, Any

import typer

from hub.cli_words import settings_or_words

secrets_app = typer.Typer(
    help="Look after the key that seals the signing secrets of subscriptions.",
    no_args_is_help=True,
    add_completion=False,
)


def add_to(app: typer.Typer) -> None:
    """Give the hub's command these commands too."""
    app.add_typer(secrets_app, name="secrets")


@secrets_app.callback()
def _group() -> None:
    """Make `rotate` a word of its own while it is the only one."""


@secrets_app.command("rotate")
def rotated(
    only_count: Annotated[
        bool, typer.Option("--count", help="Only say how many are under which key.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Seal every signing secret under HUB_SEALING_KEY; 1 when some are not under it yet."""
    shows: Any = importlib.import_module("hub.secrets")
    raise typer.Exit(shows.main(settings_or_words(), only_count=only_count, as_json=as_json))
