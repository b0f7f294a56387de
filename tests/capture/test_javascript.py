"""The JavaScript runtime, real deno in real bubblewrap, started by yt-dlp's own provider: what it can and cannot do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.capture import javascript
from archiver.capture.access import Access, for_url
from archiver.capture.job import FetchJob
from archiver.capture.pool import Fetchers
from archiver.model import Outcome
from archiver.sandbox import level
from archiver.sites import Site
from tests.capture.hostile_server import LIMITS, HostileServer

pytestmark = pytest.mark.skipif(bool(javascript.why_not()), reason=javascript.why_not() or "it is there")

ROOT = Path(__file__).resolve().parents[2]

#: As in a fetcher: yt-dlp's provider for deno runs what stands in argv, and other programs are refused.
CONFINED = """
import subprocess, sys
from pathlib import Path
from archiver.capture.access import Access
from archiver.capture.downloader import Downloader
from archiver.capture.equip import equip
from archiver.capture.job import FetchJob
from archiver.capture.prepared import _confine
from archiver.capture.wire import Wire
folder, script, program = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
ydl = Downloader()
job = FetchJob("http://example.com/", folder, access=Access(javascript=program))
wire = Wire(job.limits)
ydl.begin(wire, folder, lambda status: None)
from yt_dlp.extractor.youtube.jsc._builtin.deno import DenoJCP
said = open(folder.parent / "said", "w")
_confine(job)
equip(ydl, job)
class Quiet:
    def __getattr__(self, name):
        return lambda *arguments, **options: None
provider = DenoJCP(ydl.get_info_extractor("Youtube"), Quiet(), {})
assert provider.is_available(), "yt-dlp finds no runtime"
try:
    said.write("out: " + provider._run_js_runtime(script))
except Exception as error:
    said.write(f"error: {error}")
try:
    subprocess.Popen(["/bin/true"])
except PermissionError:
    said.write("\\nother programs: refused")
said.close()
"""


@pytest.fixture
def runs(tmp_path: Path) -> object:
    def run(script: str) -> str:
        folder = tmp_path / "job"
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", CONFINED, str(folder), script, javascript.script()],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            timeout=100,
        )
        return (tmp_path / "said").read_text()

    return run


def test_yt_dlps_own_provider_runs_a_script_and_nothing_else_is_started(runs) -> None:  # type: ignore[no-untyped-def]  # a fixture's function
    said = runs("console.log(JSON.stringify({sum: [1, 2, 3].reduce((a, b) => a + b)}))")
    assert said == 'out: {"sum":6}\n\nother programs: refused'


def test_a_script_sees_no_network_no_file_of_ours_and_no_place_to_write(  # type: ignore[no-untyped-def]  # see above
    runs, server: HostileServer, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("of the vault")
    script = f"""
        const tried = {{}};
        async function attempt(name, action) {{
            try {{ await action(); tried[name] = "done"; }} catch (error) {{ tried[name] = "refused"; }}
        }}
        await attempt("network", () => fetch("{server.base}/page"));
        await attempt("socket", () => Deno.connect({{hostname: "127.0.0.1", port: {server.server_port}}}));
        await attempt("vault", () => Deno.readTextFileSync("{tmp_path}/secret"));
        await attempt("passwd", () => Deno.readTextFileSync("/etc/passwd"));
        await attempt("write", () => Deno.writeTextFileSync("/tmp/x", "x"));
        await attempt("program", () => new Deno.Command("/usr/bin/id").outputSync());
        console.log(JSON.stringify(tried));
    """
    names = ("network", "socket", "vault", "passwd", "write", "program")
    assert runs(script).splitlines()[0] == "out: {" + ",".join(f'"{name}":"refused"' for name in names) + "}"
    assert not server.asked


def test_the_sandbox_holds_without_denos_own_permissions(server: HostileServer, tmp_path: Path) -> None:
    """A script that broke out of V8 has what the process has: `--allow-all` stands for that."""
    (tmp_path / "secret").write_text("of the vault")
    program = javascript.install(javascript.script(), tmp_path)
    script = f"""
        const tried = [];
        try {{ await fetch("{server.base}/page"); tried.push("network"); }} catch (error) {{}}
        try {{ Deno.readTextFileSync("{tmp_path}/secret"); tried.push("vault"); }} catch (error) {{}}
        try {{ Deno.readTextFileSync("/etc/passwd"); tried.push("passwd"); }} catch (error) {{}}
        for (const place of ["/tmp/x", "/app/x", "/x", "/usr/x", "/dev/x"]) {{
            try {{ Deno.writeTextFileSync(place, "x"); tried.push(place); }} catch (error) {{}}
        }}
        const names = Object.keys(Deno.env.toObject()).filter(name => /COOKIE|PROXY|HOME/.test(name));
        console.log(JSON.stringify([tried, names]));
    """
    done = subprocess.run(
        [str(program), "run", "--allow-all", "--no-remote", "--no-npm", "--ext=js", "-"],
        input=script, capture_output=True, text=True, timeout=60, check=False,
        env={"HTTP_PROXY": "http://secret", "PATH": "/nonexistent"},
    )  # fmt: skip
    assert done.stdout == "[[],[]]\n", done.stderr
    assert not server.asked


def test_a_script_that_takes_all_memory_ends_alone(runs) -> None:  # type: ignore[no-untyped-def]  # see above
    said = runs("const all = []; while (true) all.push(new Uint8Array(50_000_000).fill(1));")
    assert said.startswith("error: ")


def test_a_site_without_the_setting_gets_no_runtime(server: HostileServer, fetchers: Fetchers, tmp_path: Path) -> None:
    assert for_url("http://a.example/", [Site("b.example", javascript=True)]).javascript == ""
    assert for_url("http://a.example/", [Site("a.example", javascript=True)]).javascript == javascript.script()
    job = FetchJob(
        server.url("/page"), tmp_path, ("127.0.0.0/8",), LIMITS, access=Access(javascript=javascript.script())
    )
    result = fetchers.fetch(job)
    assert result.outcome is Outcome.SUCCESS, result.message
    assert {"deno", "yt-dlp-ejs"} <= {tool.name for tool in result.tools}
    assert javascript.PROGRAM_NAME not in {path.name for path in tmp_path.iterdir()}


def test_without_bubblewrap_it_is_refused_with_the_reason(
    server: HostileServer, fetchers: Fetchers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **options: None if name == "bwrap" else real(name, **options))
    level.probe.cache_clear()
    try:
        access = for_url(server.url("/page"), [Site("127.0.0.1", javascript=True)])
    finally:
        monkeypatch.undo()
        level.probe.cache_clear()
    assert "bubblewrap" in access.missing
    result = fetchers.fetch(FetchJob(server.url("/page"), tmp_path, ("127.0.0.0/8",), LIMITS, access=access))
    assert (result.outcome, result.reason, result.passing) == (Outcome.FAILURE, "access-missing", False)
    assert "bubblewrap" in result.message
    assert not server.asked
