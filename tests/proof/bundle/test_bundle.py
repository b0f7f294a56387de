"""The verifier on what no bundle looks like: it never raises, and needs no newer Python than it says."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import proof
from archiver.proof.__main__ import main
from archiver.proof.bundle import bag, layout
from archiver.proof.bundle.check import verify
from archiver.proof.bundle.manifest import parse_manifest
from archiver.proof.faults import ProofError

SOURCES = sorted(Path(proof.__file__).parent.rglob("*.py"))

#: What came after Python 3.9: as keyword arguments and as names.
NEWER_KEYWORDS = {"slots", "kw_only", "strict"}
NEWER_NAMES = {"bit_count", "UTC", "StrEnum", "ExceptionGroup", "pairwise", "TypeAlias", "Self", "tomllib"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_proof_core_is_written_for_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
    future = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    for node in ast.walk(tree):
        assert not isinstance(node, ast.keyword) or node.arg not in NEWER_KEYWORDS
        assert not isinstance(node, ast.Attribute) or node.attr not in NEWER_NAMES
        assert not isinstance(node, ast.Name) or node.id not in NEWER_NAMES
        if isinstance(node, ast.arg | ast.AnnAssign | ast.FunctionDef):
            assert future, "annotations with | are read at run time without it"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_the_proof_core_imports_the_standard_library_and_itself(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.startswith("archiver.proof") or name.split(".")[0] in sys.stdlib_module_names


def test_what_is_no_folder_is_a_clear_fault(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert [fault.code for fault in verify(tmp_path / "link").faults] == ["bundle-not-a-folder"]
    assert verify(tmp_path / "nothing").word == "INCOMPLETE"


def test_an_empty_folder_fails(tmp_path: Path) -> None:
    verdict = verify(tmp_path)
    assert verdict.word == "FAILED"
    assert {"bagit.txt", layout.EXPORT_CHECKPOINT, layout.REPORT_JSON} <= {fault.subject for fault in verdict.faults}


def test_faults_are_bounded(tmp_path: Path) -> None:
    for number in range(bag.MAX_FAULTS + 50):
        (tmp_path / f"stray-{number}").touch()
    assert len(verify(tmp_path).faults) == bag.MAX_FAULTS


def test_the_command_prints_no_control_characters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "\x1b[2J\u202e").touch()
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    assert main([str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "FAILED"


@pytest.mark.parametrize("arguments", [[], ["/nowhere/at/all"], ["--wrong"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2


@given(st.binary(max_size=300) | st.text(alphabet="0123456789abcdef \n/.datareport", max_size=300).map(str.encode))
def test_a_manifest_parses_or_is_refused(data: bytes) -> None:
    try:
        listed = parse_manifest(data)
    except ProofError:
        return
    assert "".join(f"{digest}  {path}\n" for path, digest in listed.items()).encode() == data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "abc"]), inner, max_size=3),
    max_leaves=6,
)


@given(documents=st.dictionaries(st.sampled_from([
    layout.REPORT_JSON, layout.DISCLOSURES, layout.EXPORT_ENTRY, layout.EXPORT_FILES, layout.EXPORT_PROOFS,
    layout.EXPORT_DISCLOSURES, layout.entry_path(3),
]), JSON, max_size=7))  # fmt: skip
def test_documents_of_any_shape_are_faults_and_never_errors(
    documents: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shapes")
    for name, value in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False), "utf-8")
    assert verify(folder).word == "FAILED"
