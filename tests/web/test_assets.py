"""The design system's assets: the right pair, and nothing that leads outside."""

import gzip
import re
from importlib.metadata import version
from pathlib import Path

import pytest

from hub.web.app import HERE

FRONTEND, TEMPLATES = "10.6.1", "0.10.2"
STATIC = HERE / "static"
CSS = STATIC / "nhsuk" / f"nhsuk-frontend-{FRONTEND}.min.css"
LARGEST_CSS = 31 * 1024
NAMESPACE = "http://www.w3.org/2000/svg"


def files() -> list[Path]:
    """Everything that a browser or a template gets."""
    return [
        file
        for folder in (STATIC, HERE / "templates")
        for file in sorted(folder.rglob("*"))
        if file.suffix in {".css", ".svg", ".jinja"}
    ]


def test_style_sheet_and_templates_are_a_pair() -> None:
    """The templates of one version need the styles of the other."""
    assert TEMPLATES == version("nhsuk-frontend-jinja")
    assert f'--nhsuk-frontend-version:"{FRONTEND}"' in CSS.read_text(encoding="utf-8")
    assert "MIT License" in (CSS.parent / "LICENCE").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", files(), ids=lambda file: file.name)
def test_nothing_leads_outside(file: Path) -> None:
    """No address of another host, no font to fetch, no trade mark's font, no script."""
    text = file.read_text(encoding="utf-8").replace(NAMESPACE, "")
    assert [] == re.findall(r"(?:https?:)?//[\w.-]+\.\w+|@font-face|@import|Frutiger|<script", text)


def test_every_icon_that_the_style_sheet_names_is_there() -> None:
    """Addresses are relative, and each of them leads to a file."""
    named = set(re.findall(r"url\(([^)]+)\)", CSS.read_text(encoding="utf-8")))
    assert named
    assert set() == {each for each in named if not (CSS.parent / each).is_file()}


def test_the_styles_are_within_their_budget() -> None:
    """30 kB compressed for the design system, and little for ours."""
    sheets = (CSS, STATIC / "hub.css")
    assert sum(len(gzip.compress(sheet.read_bytes())) for sheet in sheets) < LARGEST_CSS


def test_there_is_no_script() -> None:
    """Every page works without JavaScript, because there is none."""
    assert [] == [file for file in STATIC.rglob("*") if file.suffix in {".js", ".mjs"}]
