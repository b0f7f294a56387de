"""One visit to a page: load it, scroll through it once, and take its pictures, whatever it does against that.

Every wait is bounded. A page that never comes to rest is photographed as it is, one that is busy with itself has its
scripts stopped first, and a browser that does not answer at all leaves what the network events told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from archiver.capture.page import limits as bounds
from archiver.capture.page import pictures
from archiver.capture.page.browser import HEIGHT, WIDTH
from archiver.capture.page.devtools import Devtools, Gone, Overdue
from archiver.capture.page.pictures import Seen
from archiver.capture.page.recording import Recording

_ATTACH = {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}


class Visit:
    """A visit in a browser that was just started. `seconds` from now on is what it may take."""

    def __init__(self, browser: Devtools, recording: Recording, seconds: float, height: int) -> None:
        self.seen = Seen()
        self._browser, self._recording, self._height = browser, recording, height
        self._end = time.monotonic() + seconds
        self._load_end = time.monotonic() + seconds * (1 - bounds.TAKING_SHARE)
        self._session = ""
        self._target = ""
        self._arrived = self._loaded = self._crashed = self._stuck = False
        self._frame = ""
        self._failed = ""
        self._last_event = time.monotonic()

    def greet(self, seconds: float) -> str:
        """What the browser says that it is. Raises Gone or Overdue where it did not start."""
        told = self._browser.call("Browser.getVersion", seconds=seconds)
        self.seen.version = str((told or {}).get("product", ""))[:100]
        return self.seen.version

    def make(self, url: str) -> Seen:
        """Visit `url`. Never raises for what page and browser do."""
        self._browser.on_event = self._event
        try:
            self._prepare()
            self._load(url)
            if not self._crashed and not self._failed:
                if self._stuck or not self._calm():
                    self._look_again(url)
                self._scroll()
                self._calm()
                self._take_pictures()
            self._browser.pump(min(2.0, self._left()), lambda: not self._recording.bodies_due)
        except Gone as error:
            self.seen.worse("snapshot-crashed", str(error))
        except Overdue as error:
            self.seen.worse("snapshot-timed-out", f"the browser did not answer ({error})")
        if self._crashed:
            self.seen.worse("snapshot-crashed", "the page's process died")
        return self.seen

    def _prepare(self) -> None:
        call = self._browser.call
        call("Browser.grantPermissions", {"permissions": []}, seconds=self._wait())  # and with that no others
        call("Browser.setDownloadBehavior", {"behavior": "deny"}, seconds=self._wait())
        self._browser.send("Target.setDiscoverTargets", {"discover": True})
        self._open()

    def _open(self) -> None:
        """A window of ours. Every other one is somebody else's idea."""
        call, self._target = self._browser.call, ""
        made = call("Target.createTarget", {"url": "about:blank"}, seconds=self._wait())
        self._target = str((made or {}).get("targetId", ""))
        joined = call("Target.attachToTarget", {"targetId": self._target, "flatten": True}, seconds=self._wait())
        self._session = str((joined or {}).get("sessionId", ""))
        if not self._session:
            raise Gone("the browser opens no page")
        for method, parameters in (
            ("Page.enable", {}),
            ("Inspector.enable", {}),
            ("Emulation.setDeviceMetricsOverride",
             {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}),
            ("Target.setAutoAttach", _ATTACH),
        ):  # fmt: skip
            self._page(method, parameters)
        self._watch_network(self._session)

    def _watch_network(self, session: str) -> None:
        most = self._recording.most_bytes
        self._browser.send("Network.enable", {"maxTotalBufferSize": 2 * most, "maxResourceBufferSize": most}, session)
        self._browser.send("Network.setBypassServiceWorker", {"bypass": True}, session)

    def _load(self, url: str) -> None:
        self._browser.send("Page.navigate", {"url": url}, self._session, self._navigated)
        self._browser.pump(
            max(0.0, self._load_end - time.monotonic()),
            lambda: bool(self._failed or self._crashed or self._loaded or self._stuck),
        )
        if self._loaded:
            self._rest(max(0.0, self._load_end - time.monotonic()))
        elif not (self._failed or self._crashed or self._stuck):
            self.seen.worse("snapshot-timed-out", "the page did not finish loading")
            self._browser.send("Page.stopLoading", session=self._session)
        if self._failed:
            self.seen.worse("snapshot-failed", f"the browser could not load the page: {self._failed}")

    def _rest(self, seconds: float) -> None:
        """Wait until nothing has been on its way for a moment, at most `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._crashed:
            quiet = time.monotonic() - self._last_event
            if quiet >= bounds.REST_SECONDS and not (self._recording.open or self._recording.bodies_due):
                return
            if quiet >= bounds.LATE_SECONDS:
                return  # something is on its way and does not come: a stream, or a server that holds its answer
            self._browser.pump(min(0.05, end - time.monotonic()))

    def _scroll(self) -> None:
        height = pictures.content_height(self._page)
        steps = min(bounds.SCROLL_STEPS, height // HEIGHT)
        world = self._world() if steps else 0
        for step in (*range(1, steps + 1), 0):
            if not world or self._left() < bounds.LATE_SECONDS:
                break
            place = height * step // steps
            self._page("Runtime.evaluate", {"contextId": world, "expression": f"window.scrollTo(0, {place})"})
            self._browser.pump(bounds.SCROLL_SECONDS)
        if steps:
            self._rest(bounds.LATE_SECONDS)

    def _world(self) -> int:
        """A place to run our own lines in, where the page's scripts cannot put words into their mouth."""
        tree = self._page("Page.getFrameTree")
        frame = (tree.get("frameTree") or {}).get("frame", {}).get("id", "")
        made = self._page("Page.createIsolatedWorld", {"frameId": frame, "worldName": "archiver"})
        number = made.get("executionContextId", 0)
        return number if isinstance(number, int) else 0

    def _calm(self) -> bool:
        """Stop the page's scripts if it is busy with them, so that it can be photographed; says whether it can."""
        if self._answers():
            return True
        self.seen.worse("snapshot-timed-out", "the page was busy with its scripts, which were stopped")
        self._browser.send("Emulation.setScriptExecutionDisabled", {"value": True}, self._session)
        self._browser.send("Runtime.terminateExecution", session=self._session)
        return self._answers()

    def _look_again(self, url: str) -> None:
        """Leave the page to itself and load it once more, with its scripts off, so that there is a picture at all."""
        self.seen.notes.append("the page did not let itself be seen; the pictures are of it without its scripts")
        self._stuck = self._arrived = self._loaded = False
        self._open()
        self._page("Emulation.setScriptExecutionDisabled", {"value": True})
        self._load_end = time.monotonic() + self._left() * (1 - bounds.TAKING_SHARE)
        self._load(url)

    def _answers(self) -> bool:
        try:
            self._page("Runtime.evaluate", {"expression": "1"}, seconds=bounds.ANSWER_SECONDS)
        except Overdue:
            return False
        return True

    def _take_pictures(self) -> None:
        takes: tuple[Callable[[], None], ...] = (
            lambda: pictures.document(self._page, self.seen),
            lambda: pictures.picture(self._page, self.seen, self._height),
            lambda: pictures.pdf(self._page, self.seen),
        )
        for take in takes:
            try:
                take()
            except Overdue as error:
                self.seen.notes.append(f"no answer in time: {error}")
                self.seen.worse("snapshot-timed-out", f"the browser did not answer ({error})")

    def _page(
        self, method: str, parameters: Mapping[str, Any] | None = None, seconds: float = 0.0
    ) -> Mapping[str, Any]:
        """Ask the page's session for something; an empty table where it cannot. Raises Overdue or Gone."""
        told = self._browser.call(method, parameters, self._session, seconds=min(seconds or self._wait(), self._left()))
        return told or {}

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Overdue("the time is over")
        return left

    def _wait(self) -> float:
        return min(bounds.STALL_SECONDS, self._left())

    def _navigated(self, answer: Mapping[str, Any] | None) -> None:
        self._failed = str((answer or {"errorText": "no answer"}).get("errorText", ""))[:200]

    def _event(self, session: str, method: str, said: Mapping[str, Any]) -> None:
        if method.startswith("Network."):
            self._last_event = time.monotonic()
            self._recording.event(session, method, said)
        elif method == "Target.attachedToTarget":
            self._joined(said)
        elif method == "Target.targetCreated":
            info = said.get("targetInfo")
            opened = info.get("targetId") if isinstance(info, dict) and info.get("type") == "page" else None
            if opened and self._target and opened != self._target:
                self._browser.send("Target.closeTarget", {"targetId": opened})
        elif session == self._session:
            self._page_event(method, said)
        if method == "Page.javascriptDialogOpening":
            self._dismiss(session)

    def _joined(self, said: Mapping[str, Any]) -> None:
        """A frame or worker of the page's, held until we watch its network too."""
        session = str(said.get("sessionId", ""))
        self._watch_network(session)
        self._browser.send("Target.setAutoAttach", _ATTACH, session)
        self._browser.send("Page.enable", session=session)
        self._browser.send("Runtime.runIfWaitingForDebugger", session=session)

    def _page_event(self, method: str, said: Mapping[str, Any]) -> None:
        frame = said.get("frame")
        if method == "Page.frameNavigated" and isinstance(frame, dict) and not frame.get("parentId"):
            self._arrived, self._loaded = True, False  # also when a page sends its visitor on by itself
            self._frame = str(frame.get("id", ""))
        elif method == "Page.loadEventFired":
            self._loaded = self._arrived  # the empty page before it has such an event as well
        elif method == "Page.frameStoppedLoading" and said.get("frameId") == self._frame:
            self._loaded = self._arrived  # where it went on to something that the browser does not show
        elif method == "Inspector.targetCrashed":
            self._crashed = True

    def _dismiss(self, session: str) -> None:
        self.seen.dialogs += 1
        if self.seen.dialogs > bounds.DIALOGS:
            self._stuck = True  # and it stays so, without using a processor
            self.seen.worse("snapshot-timed-out", "the page opened one dialog after another")
        else:
            self._browser.send("Page.handleJavaScriptDialog", {"accept": False}, session)
