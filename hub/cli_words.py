"""What every command says in the same way: settings that cannot be used, and giving up in words."""

from typing import NoReturn

import typer
from pydantic import ValidationError

from hub.ops.settings import Settings, load_settings

COULD_NOT_START = 3
"""Exit code when something named in words was in the way; 1 is a check that failed, 2 is usage."""


def settings_or_words() -> Settings:
    """The settings, or their fault in one line for each, without the values."""
    try:
        return load_settings()
    except ValidationError as error:
        lines = [
            f"HUB_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        give_up("these settings cannot be used:\n  " + "\n  ".join(lines))


def give_up(why: str) -> NoReturn:
    """Say why, on stderr, and end."""
    typer.echo(f"hub: {why}", err=True)
    raise typer.Exit(COULD_NOT_START)
