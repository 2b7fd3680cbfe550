"""The commands for the guardian of the log of accesses: `hub audit list` and `hub audit verify`."""

import importlib
from typing import Annotated, Any

import typer

from hub.cli_words import settings_or_words

audit_app = typer.Typer(
    help="Read who was shown what, and prove that nobody changed it.",
    no_args_is_help=True,
    add_completion=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def add_to(app: typer.Typer) -> None:
    """Give the hub's command these commands too."""
    app.add_typer(audit_app, name="audit")


@audit_app.command("list")
def listed(
    episode: Annotated[str, typer.Option("--episode", help="Only this episode.")] = "",
    person: Annotated[str, typer.Option("--person", help="Only this member of staff.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """Who was shown what, newest first."""
    answers: Any = importlib.import_module("hub.audit")
    answers.listing(settings_or_words(), episode, person, limit=limit, as_json=as_json)


@audit_app.command("verify")
def verified(
    expected: Annotated[
        str, typer.Option("--expect", help="A digest written down before, which must be there.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Walk the chain of digests; the exit code is 1 when it is broken."""
    answers: Any = importlib.import_module("hub.audit")
    raise typer.Exit(answers.verification(settings_or_words(), expected, as_json=as_json))
