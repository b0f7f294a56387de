"""verify.html in a real browser: hand a folder or a zip over, read what the page says."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archiver.capture.page import browser
from archiver.capture.page.devtools import Devtools

#: A busy machine takes its time to start a browser.
PATIENCE_SECONDS = 60

PROGRAM = browser.find()

_FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--disable-extensions",
    "--disable-background-networking", "--no-sandbox", "--window-size=1100,1400",
    # Everything that leaves goes to a port where nobody answers.
    "--proxy-server=http://127.0.0.1:9", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What the page shows: the word, and codes and subjects of the faults."""

    word: str
    faults: frozenset[tuple[str, str]]
    text: str

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(code for code, _ in self.faults)


class Page:
    """The page, open in the browser."""

    def __init__(self, devtools: Devtools, session: str) -> None:
        self._devtools, self._session = devtools, session
        self.requests: list[str] = []
        self.errors: list[str] = []
        devtools.on_event = self._hear
        for domain in ("Network", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def call(self, method: str, parameters: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        answer = self._devtools.call(method, parameters, self._session, seconds=PATIENCE_SECONDS)
        assert answer is not None, method
        return answer

    def evaluate(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, page: Path) -> None:
        """Load the page afresh."""
        self.call("Page.navigate", {"url": page.as_uri()})
        self._wait("document.readyState === 'complete' && document.getElementById('zip') !== null")

    def check(self, bundle: Path, key: str = "") -> Said:
        """Choose a folder or a zip, and wait for the verdict."""
        self.evaluate(f"document.getElementById('key').value = {json.dumps(key)}")
        self.evaluate("document.getElementById('result').hidden = true")
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        chooser = "#folder" if bundle.is_dir() else "#zip"
        node = self.call("DOM.querySelector", {"nodeId": root, "selector": chooser})["nodeId"]
        self.call("DOM.setFileInputFiles", {"files": [str(bundle)], "nodeId": node})
        return self.verdict()

    def verdict(self) -> Said:
        """What the page says, once it does."""
        self._wait("!document.getElementById('result').hidden && document.getElementById('progress').hidden")
        rows = self.evaluate(
            "Array.from(document.querySelectorAll('#faults tbody tr'),"
            " (row) => [row.cells[0].textContent, row.cells[1].textContent])"
        )
        text = self.evaluate("document.getElementById('result').innerText")
        word = self.evaluate("document.getElementById('verdict').textContent")
        return Said(word, frozenset((code, subject) for code, subject in rows), text)

    def picture(self, target: Path) -> None:
        """A picture of the whole page."""
        answer = self.call("Page.captureScreenshot", {"captureBeyondViewport": True})
        target.write_bytes(base64.b64decode(answer["data"]))

    def _wait(self, condition: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.evaluate(condition):
            assert time.monotonic() < deadline, f"not in time: {condition}"
            self._devtools.pump(0.02)

    def _hear(self, session: str, method: str, parameters: Mapping[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method in ("Runtime.exceptionThrown", "Log.entryAdded"):
            self.errors.append(json.dumps(parameters)[:500])


@contextmanager
def opened(page: Path, profile: Path) -> Iterator[Page]:
    """The page in a browser of its own, which ends with the block."""
    assert PROGRAM is not None
    to_read, to_write = os.pipe()
    from_read, from_write = os.pipe()

    def lay_pipes() -> None:
        one, other = os.dup2(to_read, 103), os.dup2(from_write, 104)
        os.dup2(one, 3)
        os.dup2(other, 4)

    process = subprocess.Popen(
        [PROGRAM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        close_fds=False, preexec_fn=lay_pipes,
    )  # fmt: skip
    try:
        os.close(to_read)
        os.close(from_write)
        devtools = Devtools(from_read, to_write)
        target = devtools.call("Target.createTarget", {"url": "about:blank"}, seconds=PATIENCE_SECONDS)
        assert target is not None
        attach = {"targetId": target["targetId"], "flatten": True}
        session = devtools.call("Target.attachToTarget", attach, seconds=PATIENCE_SECONDS)
        assert session is not None
        found = Page(devtools, session["sessionId"])
        found.open(page)
        yield found
    finally:
        process.kill()
        process.wait()
        os.close(from_read)
        os.close(to_write)
