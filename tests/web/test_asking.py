"""The fields of each channel of a subscription: what is kept of them, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from hub.ops.settings import Settings
from hub.web.asking import road_of
from hub.web.desk import Refusal

WHOLE = {
    "public_url": "https://hub.example",
    "mesh_url": "https://mesh.example",
    "smtp_host": "mail.example",
    "kafka_login": "hub",
}


def road(folder: Path, channel: str, settings: dict[str, Any] | None = None, **said: str) -> Any:
    """What is kept of a form."""
    given = WHOLE if settings is None else settings
    return road_of(Settings(data_dir=folder, **given), {"channel": channel, **said})


@pytest.mark.parametrize(
    ("channel", "said", "kept"),
    [
        ("webhook", {"address": "https://x.example/h"}, {"address": "https://x.example/h"}),
        (
            "fhir",
            {"address": "https://x.example/h", "payload": "mns", "heartbeat": "5"},
            {"address": "https://x.example/h", "payload": "mns", "heartbeat_minutes": 5},
        ),
        (
            "mesh",
            {"mailbox": "x26abc1", "workflow": "AGREED"},
            {"address": "mesh://X26ABC1?workflow_id=AGREED"},
        ),
        ("mesh", {"workflow": "AGREED"}, {"address": "mesh://?workflow_id=AGREED"}),
        ("email", {"email": "team@gp.example"}, {"address": "team@gp.example"}),
        ("kafka", {}, {"address": "", "login": "", "receipts": False}),
        (
            "kafka",
            {"login": "CN=ryx,O=x", "receipts": "yes", "address": "hub.inputs"},
            {"address": "", "login": "CN=ryx,O=x", "receipts": True},
        ),
    ],
)
def test_what_is_kept(
    tmp_path: Path, channel: str, said: dict[str, str], kept: dict[str, Any]
) -> None:
    """Its own fields only; what was filled in for another channel is left out."""
    others = {"email": "other@gp.example", "mailbox": "Y", "workflow": "Z", "login": "zz"}
    foreign = {name: text for name, text in others.items() if channel == "webhook"}
    assert kept == road(tmp_path, channel, **(foreign | said))


@pytest.mark.parametrize(
    ("channel", "said", "says"),
    [
        ("webhook", {"address": "http://x.example"}, "A webhook needs an https address"),
        ("webhook", {"address": "https://u:p@x.example"}, "A webhook needs an https address"),
        ("webhook", {"address": "http://127.0.0.1.evil.example"}, "A webhook needs an https"),
        ("webhook", {"address": "https://x.example:port"}, "A webhook needs an https address"),
        ("fhir", {"address": "ftp://x.example"}, "FHIR needs an https address"),
        ("fhir", {"address": "https://x.example", "payload": "all"}, "There is no such payload"),
        ("fhir", {"address": "https://x.example", "heartbeat": "1441"}, "A heartbeat is 0 to"),
        ("fhir", {"address": "https://x.example", "heartbeat": "-1"}, "A heartbeat is 0 to"),
        ("mesh", {"mailbox": "X26ABC1"}, "MESH needs the workflow"),
        ("mesh", {"mailbox": "X26/ABC1", "workflow": "W"}, "That is no mailbox"),
        ("mesh", {"workflow": "A&B=C"}, "That is no mailbox"),
        ("email", {"email": "a@b.example, c@d.example"}, "E-mail needs one address"),
        ("email", {}, "E-mail needs one address"),
        ("kafka", {"login": "RYX; rm"}, "That is no name on the brokers"),
        ("kafka", {"login": "hub"}, "That is the hub's own name"),
    ],
)
def test_what_is_refused(tmp_path: Path, channel: str, said: dict[str, str], says: str) -> None:
    """In a sentence, before anything is kept."""
    with pytest.raises(Refusal) as refused:
        road(tmp_path, channel, **said)
    assert (422, True) == (refused.value.status, refused.value.title.startswith(says))


@pytest.mark.parametrize(
    ("channel", "setting"),
    [("fhir", "HUB_PUBLIC_URL"), ("mesh", "HUB_MESH_URL"), ("email", "HUB_SMTP_HOST")],
)
def test_a_channel_that_this_hub_has_not_names_its_setting(
    tmp_path: Path, channel: str, setting: str
) -> None:
    """Nobody approves what could never carry."""
    with pytest.raises(Refusal) as refused:
        road(tmp_path, channel, settings={})
    assert setting in refused.value.remedy
