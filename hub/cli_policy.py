"""The commands for those who own policy and pathway: `hub trace`, `hub scorecard` and others."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli_words import give_up, settings_or_words
from hub.governance.faults import CannotAnswerError
from hub.policy.source import PolicyFaults

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Scenarios = Annotated[
    Path | None, typer.Option("--scenarios", help="The folder of scenarios, if not the packaged.")
]

policy_app = typer.Typer(
    help="Read, compare and test the policy.", no_args_is_help=True, add_completion=False
)


def add_to(app: typer.Typer) -> None:
    """Give the hub's command these commands too."""
    app.command("explain")(explain)
    app.command("trace")(trace)
    app.command("scorecard")(scorecard)
    app.command("card")(card)
    app.add_typer(policy_app, name="policy")


def trace(as_json: Json = False, scenarios: Scenarios = None) -> None:
    """Account for every finding of the case reviews: its rules, gaps and scenarios."""
    _answer("hub.governance.trace", settings_or_words(), **_where(scenarios), as_json=as_json)


def explain(
    event: Annotated[Path, typer.Argument(help="A .json or .hl7 file, as for `hub send`.")],
    at: Annotated[str, typer.Option("--at", help="'2026-03-24 17:00' in London, or ISO.")],
    after: Annotated[
        list[Path] | None,
        typer.Option("--after", help="An earlier event, or a scenario played up to then."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say who is told of an event, by when and why, and who is not and why not."""
    asked = settings_or_words(), event, at, after or []
    _answer("hub.governance.explain", *asked, as_json=as_json)


def scorecard(
    at: Annotated[
        str, typer.Option("--at", help="End of the twelve months, if not now: '2026-03-24 17:00'.")
    ] = "",
    assessment: Annotated[
        Path | None,
        typer.Option("--assessment", help="A pathway.assessment as .json, for the packaged one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Rate each part of the pathway from 0 to 5, beside what people assessed."""
    _answer("hub.governance.scorecard", settings_or_words(), at, assessment, as_json=as_json)


def card(
    files: Annotated[
        list[Path], typer.Argument(help="Entries of the directory: .json, scenarios or folders.")
    ],
    area: Annotated[str, typer.Option("--area", help="Code of the area, as the entries have it.")],
    as_json: Json = False,
) -> None:
    """Print the parents' card of an area: where to turn, in plain words."""
    _answer("hub.governance.card", settings_or_words(), files, area, as_json=as_json)


@policy_app.command("coverage")
def coverage(
    scenarios: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders, if not the packaged ones.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what no scenario shows: gaps, rules, rungs, suppressions, conditions."""
    asked = {"scenarios": scenarios} if scenarios else {}
    _answer("hub.governance.coverage", settings_or_words(), **asked, as_json=as_json)


@policy_app.command("book")
def book(
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Where the pages go, if not docs/policy.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say which pages are stale.")] = False,
) -> None:
    """Write the policy as pages that can be read and signed."""
    asked = {"folder": folder} if folder else {}
    _answer("hub.governance.book", settings_or_words(), **asked, check=check)


@policy_app.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A folder of policy files, or a revision of git.")],
    new: Annotated[str, typer.Argument(help="The same, for the other one.")],
    scenarios: Annotated[
        list[Path] | None,
        typer.Option("--scenario", help="A file or folder to play under both; may be repeated."),
    ] = None,
    events: Annotated[
        list[Path] | None,
        typer.Option("--event", help="An event to decide under both; may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what changes between two policies, in words, and whose outcome changes."""
    asked = settings_or_words(), old, new, scenarios or [], events or []
    _answer("hub.governance.differences", *asked, as_json=as_json)


@policy_app.command("mutants")
def mutants(
    scenarios: Annotated[
        list[Path] | None, typer.Argument(help="Files and folders, if not the packaged ones.")
    ] = None,
    only: Annotated[str, typer.Option("--only", help="Rows whose name holds this.")] = "",
    sample: Annotated[int, typer.Option("--sample", help="That many, drawn by the seed.")] = 0,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the sample.")] = 0,
    as_json: Json = False,
) -> None:
    """Take every row of the policy away in turn; a scenario must notice each."""
    asked: dict[str, Any] = {"scenarios": scenarios} if scenarios else {}
    asked |= {"only": only, "sample": sample, "seed": seed}
    _answer("hub.governance.mutants", settings_or_words(), **asked, as_json=as_json)


def _where(scenarios: Path | None) -> dict[str, Path]:
    """The folder of scenarios as an argument, where one was named."""
    return {} if scenarios is None else {"scenarios": scenarios}


def _answer(module: str, *asked: Any, **more: Any) -> None:
    """Run the `main` of a module, imported only now; what it cannot answer is said in words."""
    main: Callable[..., int] = importlib.import_module(module).main
    try:
        code = main(*asked, **more)
    except PolicyFaults as faults:
        give_up(f"the policy cannot be used; run `hub check`\n{faults}")
    except CannotAnswerError as error:
        give_up(str(error))
    raise typer.Exit(code)
