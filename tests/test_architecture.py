"""The shape of the program, as design section 2 draws it: who may import whom, what starts fast, who prints.

Imports are read with `ast`, so that a module counts before anybody runs it.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "archiver"

#: What each part may import beside itself, in the order in which they stand upon each other.
_BASE = {
    "acts",
    "config",
    "cookies",
    "covers",
    "errors",
    "fingerprint",
    "hashlist",
    "model",
    "naming",
    "proof",
    "proxies",
    "schemas",
    "sites",
    "standard",
}
_STAGES = {"custody", "capture", "examine", "match"}
_ALLOWED = {
    "proof": set[str](),
    "schemas": set[str](),
    "errors": set[str](),
    "acts": set[str](),
    "model": {"acts", "proof", "errors"},
    "naming": {"proof"},
    "config": {"errors"},
    "proxies": {"errors"},
    "sites": {"errors", "proxies"},
    "cookies": {"errors", "sites"},
    "covers": set[str](),
    "fingerprint": {"proof", "errors", "model", "config"},
    "standard": {"fingerprint"},
    "hashlist": {"errors", "standard"},
    "sandbox": _BASE,
    **{stage: _BASE | {"sandbox"} for stage in _STAGES},
    "engine": _BASE | _STAGES | {"sandbox"},
    "report": _BASE | _STAGES | {"sandbox"},
    "web": _BASE | _STAGES | {"sandbox", "engine", "report"},
    "demo": _BASE | _STAGES | {"sandbox", "engine", "report", "web", "cli"},
    "cli": _BASE | _STAGES | {"sandbox", "engine", "report", "web", "demo"},
}

#: Slow to load (tenths of a second each), so loaded by the command that needs them and by nothing before.
HEAVY = (
    "yt_dlp",
    "av",
    "numpy",
    "dbos",
    "sqlalchemy",
    "cryptography",
    "rich",
    "PIL",
    "imagehash",
    "jsonschema_rs",
    "curl_cffi",
    "c2pa",
    "typst",
    "onnxruntime",
    "pyhanko",
)

#: Longer than this, a module holds more than one idea.
MAX_LINES = 300

#: Modules that talk to people: commands, the demo's story, the bundle's own verifier. A worker's standard output is the
#: pipe to its run.
_PRINTING = ("archiver.cli", "archiver.demo", "archiver.proof.__main__", "archiver.engine.worker")


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text("utf-8")) for name, path in MODULES.items()}


def _part(module: str) -> str:
    """The part of the program that a module belongs to, "" for the package itself."""
    return [*module.split("."), ""][1]


def _is_typing_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _imports(module: str, *, at_start: bool) -> Iterator[str]:
    """Modules that `module` imports. `at_start` leaves out what is imported in functions or for types only."""

    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if at_start and (_is_typing_only(child) or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)):
                continue
            yield child
            yield from walk(child)

    for node in walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name: write it in full"
            assert node.module is not None
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else node.module


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module: str) -> None:
    part = _part(module)
    if not part:
        return
    assert part in _ALLOWED, f"{part} has no place in design section 2 yet"
    for imported in _imports(module, at_start=False):
        if imported == "archiver" or not imported.startswith("archiver"):
            continue
        assert _part(imported) in _ALLOWED[part] | {part}, f"{module} must not import {imported}"


@pytest.mark.parametrize("module", [name for name in MODULES if _part(name) == "proof"])
def test_the_proof_core_stands_on_the_standard_library_alone(module: str) -> None:
    for imported in _imports(module, at_start=False):
        top = imported.split(".")[0]
        assert top in sys.stdlib_module_names or _part(imported) == "proof", f"{module} imports {imported}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    edges = {name: {one for one in _imports(name, at_start=True) if one in MODULES and one != name} for name in MODULES}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for target in sorted(edges[name]):
                visit(target, (*way, name))
            done.add(name)

    for name in MODULES:
        visit(name, ())


@pytest.mark.parametrize(
    "module", ["archiver.cli", "archiver.custody.vault", "archiver.custody.audit", "archiver.proof"]
)
def test_what_starts_first_loads_nothing_heavy(module: str) -> None:
    if module not in MODULES:
        return
    program = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "archiver" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("module", MODULES)
def test_only_commands_print(module: str) -> None:
    if any(module == name or module.startswith(f"{name}.") for name in _PRINTING):
        return
    for statement in TREES[module].body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'":
            continue  # a generator that developers call
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "sys.stdout.write", "click.echo"):
                pytest.fail(f"{module}:{node.lineno} prints: return the value, the command line shows it")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_holds_one_idea_and_says_which(module: str) -> None:
    lines = MODULES[module].read_text("utf-8").count("\n")
    assert lines <= MAX_LINES, f"{module} has {lines} lines: take it apart"
    assert ast.get_docstring(TREES[module]), f"{module} does not say what it is for"


def test_the_circle_finder_and_the_import_reader_see_something() -> None:
    """A reader of imports that found none would pass everything above."""
    assert "archiver.custody.ledger" in set(_imports("archiver.custody.vault", at_start=True))
    assert "cryptography" in {name.partition(".")[0] for name in _imports("archiver.custody.keys", at_start=False)}
    assert "cryptography" not in {name.partition(".")[0] for name in _imports("archiver.custody.keys", at_start=True)}
