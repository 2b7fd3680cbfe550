"""The command for publishers who want to try their messages: `hub read`."""

import importlib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer


def add_to(app: typer.Typer) -> None:
    """Give the hub's command this one too."""
    app.command("read")(read)


def read(
    files: Annotated[list[Path], typer.Argument(help="Files, or folders with files.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON for each file.")
    ] = False,
    sender: Annotated[
        str,
        typer.Option("--sender", help="Your ODS code, where the message does not say whose it is."),
    ] = "",
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="Read as if it had come at this time (UTC); now, when left out."),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option("--profile", help="How your site fills HL7 v2.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 when a file would be quarantined.")
    ] = False,
) -> None:
    """Say what the hub makes of messages in files, whatever their format; changes nothing."""
    reads: Any = importlib.import_module("hub.read")
    raise typer.Exit(
        reads.main(
            files, sender=sender, at=at, profile_path=profile, as_json=as_json, strict=strict
        )
    )
