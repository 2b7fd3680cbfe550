"""A real browser over its debugging protocol: what a person with a keyboard can do, and no more.

Scripts of the page are switched off, so everything that works here works without JavaScript.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.patience import PATIENCE_SECONDS

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Space": (" ", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
}


def browser_path() -> str | None:
    """A browser of this machine, if there is one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse):
        self._socket = socket
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self.complaints: list[str] = []
        """What the browser itself found wrong: the content policy, and failed requests."""

    async def listen(self) -> None:
        """Take what the browser says, until it closes."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._answers.pop(said["id"]).set_result(said)
            elif said["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif said["method"] == "Log.entryAdded":
                entry = said["params"]["entry"]
                if entry["source"] in ("security", "violation"):
                    self.complaints.append(entry["text"])

    async def tell(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, and its result."""
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        said = await asyncio.wait_for(answer, PATIENCE_SECONDS)
        assert "error" not in said, (method, said.get("error"))
        result: dict[str, Any] = said["result"]
        return result

    async def open(self, address: str) -> None:
        """Go to an address."""
        self._loaded.clear()
        await self.tell("Page.navigate", url=address)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_SECONDS)

    async def press(self, key: str) -> None:
        """One key."""
        name, code, text = KEYS[key]
        key_of = {"key": name, "windowsVirtualKeyCode": code, "code": key}
        await self.tell("Input.dispatchKeyEvent", type="keyDown", text=text, **key_of)
        await self.tell("Input.dispatchKeyEvent", type="keyUp", **key_of)

    async def go(self, key: str = "Enter") -> None:
        """A key that leads to another page."""
        self._loaded.clear()
        await self.press(key)
        await asyncio.wait_for(self._loaded.wait(), PATIENCE_SECONDS)

    async def write(self, text: str) -> None:
        """Into whatever has the focus."""
        await self.tell("Input.insertText", text=text)

    async def focused(self) -> dict[str, str]:
        """The attributes of what has the focus; `tag` is its name."""
        nodes = (await self.tell("Accessibility.getFullAXTree"))["nodes"]
        for node in nodes[1:]:
            for each in node.get("properties", ()):
                if each["name"] == "focused" and each["value"].get("value"):
                    return await self._attributes(node["backendDOMNodeId"])
        return {}

    async def _attributes(self, backend: int) -> dict[str, str]:
        found = (await self.tell("DOM.describeNode", backendNodeId=backend))["node"]
        flat = found.get("attributes", [])
        named = dict(zip(flat[::2], flat[1::2], strict=True))
        return {"tag": found["nodeName"].lower(), **named}

    async def tab_to(self, **attributes: str) -> None:
        """Tab until something with these attributes has the focus."""
        for _ in range(120):
            at = await self.focused()
            if attributes.items() <= at.items():
                return
            await self.press("Tab")
        raise AssertionError(f"the keyboard does not reach {attributes}")

    async def text(self) -> str:
        """The page's HTML, as it stands."""
        root = (await self.tell("DOM.getDocument"))["root"]["nodeId"]
        html = await self.tell("DOM.getOuterHTML", nodeId=root)
        return str(html["outerHTML"])


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Page]:
    """A browser of its own, without scripts."""
    path = browser_path()
    assert path is not None, "the test is skipped where there is no browser"
    process = await asyncio.create_subprocess_exec(
        path,
        *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _port(folder / "DevToolsActivePort")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as listed:
                tabs = await listed.json()
            tab = next(each for each in tabs if each["type"] == "page")
            async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                listening = asyncio.create_task(page.listen())
                for domain in ("Page", "Log", "DOM", "Accessibility"):
                    await page.tell(f"{domain}.enable")
                await page.tell("Emulation.setScriptExecutionDisabled", value=True)
                yield page
                listening.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _port(file: Path) -> int:
    """Where the browser listens, once it says so."""
    for _ in range(400):
        lines = await asyncio.to_thread(_lines, file)
        if lines:
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("the browser does not start")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").splitlines() if file.exists() else []
