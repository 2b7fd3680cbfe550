"""Dashboards and alert rules: every name in them is real, every rule is proved both ways."""

import json
import os
import re
import shutil
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from hub.ops import metrics, metrics_channels

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
WORD = re.compile(r"\b(?:hub_[a-z_]+|up)\b")
SELECTOR = re.compile(r"\b(hub_[a-z_]+)\{([^}]*)\}")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool")


def exposed() -> dict[str, set[str]]:
    """Every series name the hub shows, with its label names."""
    metrics.declare_channels(["webhook"], results=["delivered"], reasons=["timed_out"])
    metrics_channels.declare_next_channels(["webhook"])
    metrics.declare_groups(["project"])
    metrics.declare_answers(["taken"])
    metrics.declare_gap_codes(["G01"])
    return {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(metrics.exposition())
        for sample in family.samples
    }


def queries() -> list[str]:
    """Every query of every dashboard and every alert rule."""
    boards = [json.loads(file.read_text("utf-8")) for file in sorted(DASHBOARDS.glob("*.json"))]
    panels = [panel for board in boards for panel in board["panels"]]
    shown = {target["expr"] for panel in panels for target in panel["targets"]}
    return sorted(shown | {rule["expr"] for rule in RULES})


def generator() -> ModuleType:
    """`make_dashboards.py` as a module: it is a script beside the dashboards, in no package."""
    spec = spec_from_file_location("make_dashboards", DASHBOARDS.parent / "make_dashboards.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("query", queries())
def test_every_metric_and_label_in_a_query_exists(query: str) -> None:
    """A query over a name that nobody writes shows an empty picture, and a rule never fires."""
    known = exposed() | {"up": {"job", "instance", "role"}}
    named = WORD.findall(query)
    assert set() == set(named) - set(known)
    labels = set().union(*(known[name] for name in named)) | {"le", "instance"}
    for group in GROUPING.findall(query):
        assert set() == {label.strip() for label in group.split(",")} - labels
    for name, inside in SELECTOR.findall(query):
        assert set() == set(re.findall(r"(\w+)=", inside)) - known[name]


def test_every_metric_is_looked_at() -> None:
    """A metric that no dashboard and no rule reads is either forgotten or not needed."""
    named = {name for query in queries() for name in WORD.findall(query)}
    watched = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    written = {re.sub(r"_(bucket|sum|count)$", "", name) for name in exposed()}
    assert set() == written - watched


def test_the_dashboards_are_what_the_script_makes() -> None:
    """The committed JSON and the script agree; run the script after a change."""
    committed = {file.name: file.read_text("utf-8") for file in DASHBOARDS.glob("*.json")}
    assert generator().files() == committed


def test_panels_do_not_overlap_and_stay_on_the_grid() -> None:
    """Two panels on one spot would hide one of them."""
    for file in DASHBOARDS.glob("*.json"):
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(file.read_text("utf-8"))["panels"]:
            spot = panel["gridPos"]
            assert spot["x"] + spot["w"] <= 24
            cells = {
                (x, y)
                for x in range(spot["x"], spot["x"] + spot["w"])
                for y in range(spot["y"], spot["y"] + spot["h"])
            }
            assert not taken & cells
            taken |= cells


@pytest.mark.parametrize("rule", RULES, ids=[rule["alert"] for rule in RULES])
def test_every_rule_names_a_remedy_that_is_written(rule: dict[str, Any]) -> None:
    """Whoever is woken at night finds the heading the rule points to."""
    file, _, anchor = rule["annotations"]["remedy"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}
    assert anchor in anchors


def test_every_rule_is_proved_to_fire_and_to_stay_silent() -> None:
    """Each rule has a case that fires; each but the watchdog has a case that must not."""
    cases = [
        case
        for test in yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text("utf-8"))["tests"]
        for case in test["alert_rule_test"]
    ]
    names = {rule["alert"] for rule in RULES}
    assert names == {case["alertname"] for case in cases if case["exp_alerts"]}
    assert names - {"HubWatchdog"} == {
        case["alertname"] for case in cases if not case["exp_alerts"]
    }


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on this machine (set PROMTOOL)")
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    """Prometheus's own tool reads the files and plays the rules over invented series."""
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stdout + done.stderr
