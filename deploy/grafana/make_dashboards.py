"""Writes the two dashboards into `dashboards/`: `python deploy/grafana/make_dashboards.py`.

The JSON is committed, so that nobody needs this script to run the hub; a test fails when the two
differ, and when a query names a metric that the hub does not have.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
SOURCE = {"type": "prometheus", "uid": "hub"}
COLUMNS = 24
"""Grafana's grid is 24 units wide."""

type_of_json = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    """One picture: a title that is a question, a query, and how its answer is written."""

    title: str
    query: str
    legend: str = ""
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 12
    red_from: float | None = None


DUTY = (
    Panel(
        "Open gaps of the gravest severity",
        'sum(max by (code, severity) (hub_gaps_open{severity="immediate"}))',
        kind="stat",
        width=6,
        red_from=1,
    ),
    Panel(
        "Open gaps, safeguarding",
        'sum(max by (code, severity) (hub_gaps_open{severity="safeguarding"}))',
        kind="stat",
        width=6,
        red_from=1,
    ),
    Panel(
        "How overdue is the oldest unaccepted notice?",
        "max(hub_oldest_unaccepted_seconds)",
        kind="stat",
        unit="s",
        width=6,
        red_from=86400,
    ),
    Panel(
        "Inputs waiting in quarantine",
        "sum(max by (reason) (hub_quarantine_depth))",
        kind="stat",
        width=6,
        red_from=1,
    ),
    Panel(
        "Which gaps are open?",
        "max by (code, severity) (hub_gaps_open) > 0",
        "{{code}} {{severity}}",
    ),
    Panel("Who is being told?", "sum by (role) (rate(hub_notices_total[5m]))", "{{role}}", "ops"),
    Panel(
        "How far do notices get?", "sum by (level) (rate(hub_levels_total[5m]))", "{{level}}", "ops"
    ),
    Panel(
        "Through which door do events come?",
        "sum by (door) (rate(hub_events_in_total[5m]))",
        "{{door}}",
        "ops",
    ),
    Panel(
        "What does the HL7 door answer?",
        "sum by (answer) (rate(hub_mllp_messages_total[5m]))",
        "{{answer}}",
        "ops",
    ),
    Panel(
        "Bytes between HL7 frames",
        "sum(rate(hub_mllp_skipped_bytes_total[5m]))",
        "bytes",
        "ops",
    ),
    Panel(
        "Attempts to deliver",
        "sum by (channel, result) (rate(hub_delivery_attempts_total[5m]))",
        "{{channel}} {{result}}",
        "ops",
    ),
    Panel(
        "Why do attempts fail?",
        "sum by (channel, reason) (rate(hub_delivery_failures_total[5m])) > 0",
        "{{channel}} {{reason}}",
        "ops",
    ),
    Panel(
        "Notices that went on to the next channel",
        "sum by (from_channel, to_channel) (increase(hub_next_channel_total[1h])) > 0",
        "{{from_channel}} to {{to_channel}}",
    ),
    Panel("Why is it in quarantine?", "max by (reason) (hub_quarantine_depth) > 0", "{{reason}}"),
)
ENGINE = (
    Panel("Conflicts", "sum(hub_conflicts_total)", kind="stat", width=6, red_from=1),
    Panel(
        "Oldest uncommitted input",
        "max(hub_commit_age_seconds)",
        kind="stat",
        unit="s",
        width=6,
        red_from=60,
    ),
    Panel(
        "Missed deadline to gap, p99",
        "histogram_quantile(0.99, sum by (le) (rate(hub_deadline_to_gap_seconds_bucket[5m])))",
        kind="stat",
        unit="s",
        width=6,
        red_from=15,
    ),
    Panel("Roles that answer", 'sum(up{job="hub"})', kind="stat", width=6),
    Panel(
        "How far behind is each consumer?",
        "max by (group) (hub_consumer_lag_seconds)",
        "{{group}}",
        "s",
    ),
    Panel("How many records wait?", "sum by (group) (hub_consumer_lag_records)", "{{group}}"),
    Panel(
        "What is being decided?", "sum by (kind) (rate(hub_decisions_total[5m]))", "{{kind}}", "ops"
    ),
    Panel(
        "Duplicates recognised and dropped",
        "sum(rate(hub_duplicates_dropped_total[5m]))",
        "duplicates",
        "ops",
    ),
    Panel("Holes", "sum by (instance) (increase(hub_hole_total[5m]))", "{{instance}}"),
    Panel(
        "Workers that stopped themselves",
        "sum by (instance) (increase(hub_fenced_total[5m]))",
        "{{instance}}",
    ),
    Panel("Last assignment stood still", "hub_recovery_seconds", "{{instance}}", unit="s"),
    Panel("of it, reading state back", "hub_read_back_seconds", "{{instance}}", unit="s"),
)


def as_grafana(number: int, panel: Panel, x: int, y: int) -> type_of_json:
    """One panel in Grafana's own form."""
    steps: list[type_of_json] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": 4 if panel.kind == "stat" else 8},
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
        "targets": [
            {"refId": "A", "datasource": SOURCE, "expr": panel.query, "legendFormat": panel.legend}
        ],
    }


def laid_out(panels: tuple[Panel, ...]) -> Iterator[type_of_json]:
    """The panels from left to right, in rows."""
    x = y = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > COLUMNS:
            x, y = 0, y + 8
        yield as_grafana(number, panel, x, y)
        x += panel.width


def dashboard(uid: str, title: str, panels: tuple[Panel, ...]) -> type_of_json:
    """A whole dashboard, ready to be provisioned."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["hub"],
        "timezone": "browser",
        "schemaVersion": 39,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": list(laid_out(panels)),
    }


def files() -> dict[str, str]:
    """The name and whole text of every dashboard file."""
    made = {
        "duty.json": dashboard("hub-duty", "Hub: who is told, and who is not", DUTY),
        "engine.json": dashboard("hub-engine", "Hub: is the engine well?", ENGINE),
    }
    return {name: json.dumps(each, indent=1) + "\n" for name, each in made.items()}


if __name__ == "__main__":
    for file_name, text in files().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8")
