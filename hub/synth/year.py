"""Makes a synthetic year, part by part, on every core of the machine."""

import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from hub.synth.account import Told, account_of, write_part
from hub.synth.draw import draw_family
from hub.synth.injector import with_a_mishap

PART = 100
"""Families in one part: some seconds of work, so that progress shows and two cores end together."""


class Order(NamedTuple):
    """One part of a year, to be made."""

    folder: Path
    number: int
    families: range
    seed: int
    faults: bool


def parts(folder: Path, pregnancies: int, seed: int, *, faults: bool) -> list[Order]:
    """The parts of a year of a size."""
    return [
        Order(folder, number, range(first, min(first + PART, pregnancies)), seed, faults)
        for number, first in enumerate(range(0, pregnancies, PART))
    ]


def make_part(order: Order) -> list[dict[str, Any]]:
    """Make one part; gives its lines of the truth file."""
    return write_part(part_path(order.folder, order.number), _told(order))


def _told(order: Order) -> Iterator[Told]:
    for number in order.families:
        make = with_a_mishap if order.faults else draw_family
        yield account_of(make(order.seed, number))


def part_path(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / f"part-{number:03d}.jsonl.gz"


def make_year(
    folder: Path, pregnancies: int, seed: int, *, faults: bool
) -> Iterator[tuple[int, int]]:
    """Write a whole year into a folder; gives, after each part, how many families are done of all.

    Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("part-*.jsonl.gz"):
        old.unlink()
    orders = parts(folder, pregnancies, seed, faults=faults)
    done = 0
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as truth:
        for order, lines in zip(orders, on_every_core(make_part, orders), strict=True):
            truth.writelines(json.dumps(line) + "\n" for line in lines)
            done += len(order.families)
            yield done, pregnancies
    about = {"pregnancies": pregnancies, "seed": seed, "faults": faults}
    (folder / "year.json").write_text(json.dumps(about) + "\n", encoding="utf-8")


def on_every_core(work: Any, orders: Iterable[Any]) -> Iterator[Any]:
    """The results of pieces of work, in order, from as many processes as there are cores."""
    orders = list(orders)
    cores = min(len(orders), os.cpu_count() or 1)
    if cores < 2:
        yield from map(work, orders)
        return
    with ProcessPoolExecutor(cores) as pool:
        yield from pool.map(work, orders)
