"""Which browser takes snapshots, and the settings that keep it quiet: it speaks to the page's servers and nobody else.

The settings were checked against Chromium 156; a browser ignores those that it does not know.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

#: Programs that can be driven, in the order in which they are taken.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: A version prints in a tenth of a second; a program that hangs is no browser.
_VERSION_SECONDS = 10

#: Not set by the page's width on a telephone: what most people who make and watch footage on a computer see.
WIDTH, HEIGHT = 1280, 960

_FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",  # descriptors 3 and 4: no port that another program or a page could find
    "--no-startup-window",
    "--no-first-run",
    "--no-default-browser-check",
    f"--window-size={WIDTH},{HEIGHT}",
    "--hide-scrollbars",
    "--disable-gpu",  # a driver is a large thing to show hostile shaders to, and pictures differ between them
    # Nothing of its own on the network: no updates, accounts, reports, experiments, lists of bad sites.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-domain-reliability",
    "--disable-field-trial-config",
    "--disable-client-side-phishing-detection",
    "--metrics-recording-only",
    "--no-pings",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-search-engine-choice-screen",
    "--password-store=basic",
    "--disable-features=MediaRouter,DialMediaRouteProvider,OptimizationHints,AutofillServerCommunication,"
    "NetworkTimeServiceQuerying,Translate,Prerender2,LoadingPredictorPrefetch,HttpsUpgrades",
    "--component-updater=url-source=http://127.0.0.1:9/",  # asked in spite of the above; nobody answers there
    # What would go round the proxy: QUIC and WebRTC are UDP.
    "--disable-quic",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",  # the same, in releases before 2024
    # No name is looked up by the browser: the proxy does that.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",  # without this it would go to loopback addresses directly
    # What a page may not do.
    "--block-new-web-contents",
    "--deny-permission-prompts",
    "--disable-notifications",
    "--disable-file-system",
    "--disable-speech-api",
    "--mute-audio",
    "--autoplay-policy=document-user-activation-required",  # the footage itself is archived by the fetcher
    # What a page may use. One page of frames from a hundred sites would be a hundred processes.
    "--renderer-process-limit=4",
    "--js-flags=--max-old-space-size=1024",
    "--disk-cache-size=1",
)


def find(setting: str = "") -> Path | None:
    """The browser's program: the one that `setting` names (a path or a name), else the first one found on PATH."""
    for name in (setting,) if setting else NAMES:
        found = shutil.which(name)
        if found is not None:
            return _behind(Path(found))
    return None


def version(program: Path) -> str:
    """What the program says that it is, such as `Chromium 156.0.8078.79`; empty where it says nothing."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return " ".join(done.stdout.split())[:100] if done.returncode == 0 else ""


def flags(profile: str, proxy_port: int, *, own_sandbox: bool) -> list[str]:
    """Every setting of a start. `own_sandbox` keeps Chromium's own confinement of its page processes."""
    chosen = [*_FLAGS, f"--user-data-dir={profile}", f"--proxy-server=http://127.0.0.1:{proxy_port}"]
    return chosen if own_sandbox else [*chosen, "--no-sandbox"]


def _behind(path: Path) -> Path:
    """The program behind a distribution's start script, which would add extensions and settings of its own."""
    real = Path(os.path.realpath(path))
    with real.open("rb") as file:
        if file.read(2) != b"#!":
            return real
    for candidate in (
        real.parent / "chrome",
        *(Path(folder) / path.name / path.name for folder in ("/usr/lib", "/usr/lib64")),
    ):
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    return real
