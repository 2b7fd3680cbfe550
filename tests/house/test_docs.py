"""The documents are true: their examples work, their links lead somewhere, their names exist."""

import ast
import re
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from hub.core.model import Signal
from hub.edges import avro, hl7v2
from hub.edges.hl7v2_profile import load_profile
from hub.ops import metrics, metrics_channels
from tests.house.tree import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
RECEIVED_AT = datetime(2026, 3, 24, 11, tzinfo=UTC)


def block(document: str, language: str) -> str:
    """The first fenced block of a language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


def anchors(file: Path) -> set[str]:
    """The anchors that the headings of a document make."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_every_link_leads_somewhere(file: Path) -> None:
    """A link to a file or a heading that is not there sends a reader into the dark."""
    for target in re.findall(r"\]\(([^)\s]+)\)", file.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_the_booking_in_json_is_an_event_the_hub_takes() -> None:
    """The example of docs/publish.md passes the door, and survives the codec."""
    event = avro.event_from_json(block("docs/publish.md", "json").encode(), RECEIVED_AT)
    assert event == avro.decode_event(avro.encode_event(event), RECEIVED_AT)


def test_the_booking_in_hl7_says_the_same_as_the_booking_in_json() -> None:
    """Two doors, one event: the examples of docs/publish.md agree on everything clinical."""
    message = block("docs/publish.md", "hl7").strip().replace("\n", "\r").encode()
    (by_mllp,) = hl7v2.events_from(message, load_profile(), RECEIVED_AT).events
    by_https = avro.event_from_json(block("docs/publish.md", "json").encode(), RECEIVED_AT)
    assert (by_https.type, by_https.occurred_at) == (by_mllp.type, by_mllp.occurred_at)
    same = {"booked_on", "edd", "edd_basis", "parity", "planned_contacts", "provider", "gp_ods"}
    assert {name: by_https.body[name] for name in same} == {
        name: by_mllp.body[name] for name in same
    }


@pytest.mark.parametrize("language", ["hl7", "json"])
def test_the_example_files_are_the_examples_of_the_document(language: str) -> None:
    """Whoever sends the file sends what she read."""
    file = ROOT / "docs" / "publish" / "examples" / f"booking.{language}"
    assert block("docs/publish.md", language) == file.read_text(encoding="utf-8")


def test_the_signals_in_the_documents_are_the_hubs_own() -> None:
    """A subscriber who copies a signal from docs/subscribe.md is understood."""
    text = (ROOT / "docs" / "subscribe.md").read_text(encoding="utf-8")
    listed = re.search(r"`signal` is one of (.*?)\.\n", text, re.DOTALL)
    assert listed is not None
    assert set() == set(re.findall(r"`(\w+)`", listed.group(1))) - {each.value for each in Signal}


def test_every_metric_is_explained_to_operations() -> None:
    """The table of docs/operate.md has exactly the metrics of the hub, with their labels."""
    text = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    written = dict(re.findall(r"^\| `(hub_\w+)(?:\{([\w,]+)\})?`", text, re.MULTILINE))
    metrics.declare_channels(["webhook"], results=["delivered"], reasons=["timed_out"])
    metrics_channels.declare_next_channels(["webhook"])
    metrics.declare_groups(["project"])
    metrics.declare_answers(["taken"])
    metrics.declare_gap_codes(["G01"])
    real = {
        family.name + ("_total" if family.type == "counter" else ""): ",".join(
            name for name in family.samples[0].labels if name != "le"
        )
        for family in metrics.REGISTRY.collect()
    }
    assert real == written


@pytest.mark.parametrize("document", ["docs/publish.md", "docs/subscribe.md"])
def test_the_python_in_the_documents_names_things_that_exist(document: str) -> None:
    """What a reader copies compiles, and everything it imports is there."""
    tree = ast.parse(block(document, "python"))
    compile(tree, document, "exec")
    imports = ast.Module(
        body=[node for node in tree.body if isinstance(node, ast.ImportFrom)], type_ignores=[]
    )
    names: dict[str, object] = {}
    exec(compile(imports, document, "exec"), names)  # noqa: S102  only the imports of our own text
    assert len(names) > 1


def test_the_webhook_sample_verifies_what_the_hub_signs() -> None:
    """The sample of docs/subscribe.md takes a signed body, and refuses a changed one."""
    names: dict[str, Any] = {}
    exec(block("docs/subscribe.md", "python"), names)  # noqa: S102  our own text, as a reader runs it
    secret = "whsec_" + b64encode(b"an invented secret of 32 bytes..").decode()
    stored: dict[str, Any] = {}
    names |= {"SECRET": secret, "store_once": stored.__setitem__}
    now = datetime.now(UTC)
    body = '{"type": "notice.issued", "data": {"notice_id": "n1"}}'
    headers = {
        "webhook-id": "n1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("n1", now, body),
    }
    assert names["receive"](body, headers) == 204
    assert stored == {"n1": {"notice_id": "n1"}}
    with pytest.raises(WebhookVerificationError):
        names["receive"](body.replace("n1", "n2"), headers)
