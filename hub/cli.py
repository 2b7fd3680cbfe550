"""The `hub` command.  It parses, and calls; each command's work lives where it belongs.

Modules are imported inside the commands, so that `hub simulate` does not wait for Kafka's client
and a broken role cannot break the others.
"""

import importlib
import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from hub import (
    cli_audit,
    cli_incidents,
    cli_kafka,
    cli_listen,
    cli_policy,
    cli_read,
    cli_reconcile,
    cli_replay,
    cli_secrets,
)
from hub.cli_words import give_up, settings_or_words
from hub.ops.settings import Settings
from hub.ops.steps import Steps

app = typer.Typer(
    help="The perinatal information-sharing hub: who must know what, by when.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
for part in (cli_policy, cli_audit, cli_read, cli_listen, cli_incidents, cli_replay, cli_kafka):
    part.add_to(app)
cli_reconcile.add_to(app)
cli_secrets.add_to(app)

KAFKA_ENDED = 4

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def main() -> None:
    """Entry point of the script and of `python -m hub.cli`."""
    app()


@app.command()
def worker() -> None:
    """Run the Faust agents: identity, episodes, clock."""
    _run_role("worker")


@app.command()
def gateway() -> None:
    """Run the API, the pages, the webhooks in and the schema registry."""
    _run_role("gateway")


@app.command()
def mllp() -> None:
    """Run the HL7 v2 door (MLLP)."""
    _run_role("mllp")


@app.command()
def deliver() -> None:
    """Run the delivery of notices over every recipient's channel."""
    _run_role("deliver")


@app.command()
def project() -> None:
    """Run the projector, which folds decisions into the read model."""
    _run_role("project")


@app.command()
def up() -> None:
    """Run everything on this machine, with durable data, until Ctrl-C."""
    from hub.up import running_hub, who_can_enter

    steps = Steps()
    stop = threading.Event()
    _on_stop_signal(stop.set)
    with _faults_in_words(), running_hub(settings_or_words(), steps) as hub:
        for name, address in hub.addresses().items():
            typer.echo(f"  {name:<22} {address}")
        typer.echo(f"  {'logs':<22} {hub.settings.data_dir / 'logs'}")
        if who := who_can_enter(hub.settings):
            typer.echo(f"  {'who can sign in':<22} {who}")
        typer.echo("Up. Ctrl-C stops it.")
        while not stop.wait(0.2):
            if hub.ended.is_set():
                raise typer.Exit(KAFKA_ENDED)


@app.command()
def demo(
    until_done: Annotated[
        bool, typer.Option("--until-done", help="Play every story, print the end, and exit.")
    ] = False,
    json_path: Annotated[
        Path | None,
        typer.Option("--json", help="Write every notice and gap there as JSON ('-': stdout)."),
    ] = None,
    story: Annotated[
        list[str] | None,
        typer.Option("--story", help="Only this story, by id or path, or `all`; may be repeated."),
    ] = None,
) -> None:
    """Play the stories of invented families through the real edges, on an accelerated clock."""
    with _faults_in_words():
        play = _later("hub.demo.play")
        raise typer.Exit(play(until_done=until_done, json_path=json_path, stories=story or []))


@app.command()
def simulate(
    files: list[Path],
    as_json: Json = False,
    refill: Annotated[bool, typer.Option("--fill", help="Write what follows into `also`.")] = False,
    show: Annotated[list[str], typer.Option("--show", help="All of a gap or rule: G10, P02.")] = [],  # noqa: B006  typer reads it, nobody writes it
) -> None:
    """Play scenarios on the pure core; a missing or an unexpected outcome fails."""
    with _faults_in_words():
        play = _later("hub.demo.simulate")
        raise typer.Exit(play(files, as_json=as_json, refill=refill, show=show))


@app.command()
def synth(
    out: Annotated[Path, typer.Option("--out", help="The folder of the year.")],
    pregnancies: Annotated[int, typer.Option("--pregnancies", min=1)] = 20_000,
    seed: Annotated[int, typer.Option("--seed")] = 1,
    faults: Annotated[bool, typer.Option("--faults", help="Let things go wrong.")] = False,
    score: Annotated[bool, typer.Option("--score", help="Write the year, then score it.")] = False,
    only_score: Annotated[
        bool, typer.Option("--only-score", help="Score the year that is there.")
    ] = False,
    family: Annotated[
        int | None, typer.Option("--family", help="Print one family as a scenario.")
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the score there as JSON ('-': stdout).")
    ] = None,
) -> None:
    """Write a synthetic year of births, and score the hub on what went wrong in it."""
    with _faults_in_words():
        run = importlib.import_module("hub.synth.command").main
        raise typer.Exit(
            run(
                out,
                pregnancies=pregnancies,
                seed=seed,
                faults=faults,
                score=score,
                only_score=only_score,
                family=family,
                json_path=json_path,
            )
        )


@app.command()
def check(as_json: Json = False) -> None:
    """Check policy, schemas and settings; an error names file, line and remedy."""
    with _faults_in_words():
        raise typer.Exit(_later("hub.check")(settings_or_words(), as_json=as_json))


@app.command()
def send(
    file: Path,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Say what would come of it, and do nothing.")
    ] = False,
) -> None:
    """Send a message over its own protocol to a hub that runs."""
    with _faults_in_words():
        raise typer.Exit(_later("hub.demo.send")(settings_or_words(), file, sandbox=sandbox))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at this machine, and say in words what to mend."""
    from hub.ops.doctor import examine, report

    findings = examine(settings_or_words())
    typer.echo(report(findings, as_json=as_json))
    raise typer.Exit(0 if all(finding.well for finding in findings) else 1)


@app.command()
def topics(
    create: Annotated[bool, typer.Option("--create", help="Create what is missing.")] = False,
    as_json: Json = False,
) -> None:
    """List the topics this hub needs; with --create, make those that are missing."""
    import asyncio

    from hub.ops.topics import create_topics, hub_topics
    from hub.up import subscribers_of

    settings = settings_or_words()
    with _faults_in_words():
        subscribers = subscribers_of(settings)
    wanted = hub_topics(settings, subscribers=subscribers)
    if create:
        if not settings.kafka:
            give_up("HUB_KAFKA is not set; say where Kafka is, as host:port")
        with _faults_in_words():
            made = asyncio.run(create_topics(settings.kafka, settings, subscribers=subscribers))
            typer.echo(f"{len(made)} topics created, {len(wanted) - len(made)} were there")
    elif as_json:
        plain = [
            {
                "name": topic.name,
                "partitions": topic.partitions,
                "replication": topic.replication,
                "configs": dict(topic.configs),
            }
            for topic in wanted
        ]
        typer.echo(json.dumps(plain, indent=2))
    else:
        for topic in wanted:
            policy = topic.configs["cleanup.policy"]
            typer.echo(f"{topic.name:<30} {topic.partitions:>3} x {topic.replication}  {policy}")


@app.command("fetch-kafka")
def fetch_kafka() -> None:
    """Fetch and check the jars of the embedded Kafka, once; later starts need no network."""
    from hub.ops.kafka_jars import ensure_jars

    steps = Steps()
    with _faults_in_words(), steps.step("Kafka's jars") as step:
        paths = ensure_jars(lambda done, all_, name: step.now(f"jar {done} of {all_}, {name}"))
        step.now(f"Kafka's {len(paths)} jars are here, every SHA-256 as committed")


def _run_role(role: str) -> NoReturn:
    """Run one role until it is told to stop; its exit code is ours."""
    settings = settings_or_words()
    role_main: Callable[[Settings], int] = importlib.import_module(f"hub.roles.{role}").main
    raise typer.Exit(role_main(settings))


def _later(module: str) -> Callable[..., Any]:
    """The `main` of a module, imported only now."""
    found: Callable[..., Any] = importlib.import_module(module).main
    return found


class _faults_in_words:  # noqa: N801  reads as a statement where it is used
    """Faults that name their own remedy end the command in a sentence; all others are ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from hub.ops.kafka_embedded import KafkaFailedError
        from hub.ops.kafka_jars import JarsUnfitError
        from hub.ops.lock import LockedError
        from hub.ops.supervisor import RoleFailedError
        from hub.ops.topics import TopicsUnfitError
        from hub.up import CannotStartError

        in_words = (
            CannotStartError,
            JarsUnfitError,
            KafkaFailedError,
            LockedError,
            RoleFailedError,
            TopicsUnfitError,
        )
        if isinstance(error, in_words):
            give_up(str(error))


def _on_stop_signal(then: Callable[[], None]) -> None:
    """Call `then` at the first Ctrl-C or SIGTERM; a second Ctrl-C ends at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        then()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


if __name__ == "__main__":
    main()
