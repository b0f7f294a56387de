"""A ledger's two keys: every line of its name is checked, and nobody else's is touched."""

from __future__ import annotations

import base64
import hashlib
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from archiver.proof.faults import ProofError
from archiver.proof.log import logkeys, note, subtree
from archiver.proof.log.checkpoint import Checkpoint
from archiver.proof.log.logkeys import LogKeys

ORIGIN = "office-a.example/archive"
CHECKPOINT = Checkpoint(ORIGIN, 7, bytes(range(32)))
TIME = 1_800_000_000


class Pair:
    """Both private keys of a ledger."""

    def __init__(self, seed: int, name: str = ORIGIN) -> None:
        self.classic = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.quantum = MLDSA44PrivateKey.from_seed_bytes(bytes([seed]) * 32)
        self.keys = LogKeys(
            note.VerifierKey(name, self.classic.public_key().public_bytes_raw()),
            subtree.SubtreeKey(name, self.quantum.public_key().public_bytes_raw()),
        )

    def lines(self, checkpoint: Checkpoint = CHECKPOINT, time: int = TIME) -> list[note.Signature]:
        """Both signature lines."""
        assert self.keys.quantum is not None
        signed = self.quantum.sign(subtree.message(self.keys.name, time, checkpoint))
        return [
            self.keys.classic.signature(self.classic.sign(checkpoint.text().encode())),
            self.keys.quantum.signature(time, signed),
        ]


OURS, OTHER, WITNESS = Pair(1), Pair(2), Pair(3, "witness.example/w")


def _note(*lines: note.Signature) -> bytes:
    return note.Note(CHECKPOINT.text(), lines).encode()


def _code(data: bytes, *signers: LogKeys) -> str:
    with pytest.raises(ProofError) as caught:
        logkeys.open_signed(data, signers or [OURS.keys])
    return caught.value.code


def test_a_checkpoint_that_both_keys_signed_opens() -> None:
    assert logkeys.open_signed(_note(*OURS.lines()), [OURS.keys]) == CHECKPOINT


def test_the_order_of_lines_and_lines_of_others_do_not_matter() -> None:
    data = _note(WITNESS.lines()[0], *reversed(OURS.lines()), WITNESS.lines()[1])
    assert logkeys.open_signed(data, [OURS.keys]) == CHECKPOINT


@pytest.mark.parametrize("left", [0, 1])
def test_a_missing_signature_is_named(left: int) -> None:
    assert _code(_note(OURS.lines()[left])) == "signature-missing"


@pytest.mark.parametrize("which", [0, 1])
def test_a_signature_of_another_text_is_wrong(which: int) -> None:
    lines = OURS.lines()
    lines[which] = OURS.lines(Checkpoint(ORIGIN, 8, bytes(32)))[which]
    assert _code(_note(*lines)) == "signature-wrong"


def test_the_time_of_the_second_signature_is_signed_with_it() -> None:
    first, second = OURS.lines()
    moved = note.Signature(second.name, second.key_id, (TIME + 1).to_bytes(8, "big") + second.signature[8:])
    assert _code(_note(first, moved)) == "signature-wrong"


@pytest.mark.parametrize("cut", [8, 2427])
def test_a_second_signature_of_another_length_is_wrong(cut: int) -> None:
    first, second = OURS.lines()
    assert _code(_note(first, note.Signature(second.name, second.key_id, second.signature[:cut]))) == "signature-wrong"


@pytest.mark.parametrize("which", [0, 1])
def test_a_line_of_our_name_by_a_foreign_key_is_a_fault(which: int) -> None:
    assert _code(_note(*OURS.lines(), OTHER.lines()[which])) == "signature-unknown"


@pytest.mark.parametrize("which", [0, 1])
def test_a_signature_given_twice_is_a_fault(which: int) -> None:
    assert _code(_note(*OURS.lines(), OURS.lines()[which])) == "signature-repeated"


def test_a_change_of_keys_takes_the_signatures_of_both() -> None:
    assert logkeys.open_signed(_note(*OURS.lines(), *OTHER.lines()), [OURS.keys, OTHER.keys]) == CHECKPOINT
    assert _code(_note(*OURS.lines(), OTHER.lines()[0]), OURS.keys, OTHER.keys) == "signature-missing"


def test_a_ledger_without_a_second_key_opens_with_one_signature() -> None:
    old = LogKeys(OURS.keys.classic)
    assert logkeys.open_signed(_note(OURS.lines()[0]), [old]) == CHECKPOINT
    assert _code(_note(*OURS.lines()), old) == "signature-unknown"


def test_another_ledgers_checkpoint_is_refused() -> None:
    assert _code(_note(*OURS.lines()), WITNESS.keys) == "checkpoint-origin"


def test_keys_are_spelt_in_one_way() -> None:
    lines = OURS.keys.lines()
    assert logkeys.parse(lines) == OURS.keys == logkeys.parse_text("".join(f"{line}\n" for line in lines))
    assert logkeys.parse(lines[:1]) == LogKeys(OURS.keys.classic)
    for wrong in ([], lines[::-1], [*lines, lines[1]], [lines[0], WITNESS.keys.lines()[1]], [lines[0], lines[0]]):
        with pytest.raises(ProofError):
            logkeys.parse(wrong)
    for text in ("", lines[0], f"{lines[0]}\n\n", f"{lines[0]}\r\n", f" {lines[0]}\n"):
        with pytest.raises(ProofError):
            logkeys.parse_text(text)


def test_a_second_key_is_read_strictly() -> None:
    text = OURS.keys.lines()[1]
    name, digest, encoded = text.split("+", 2)
    assert base64.b64decode(encoded)[0] == 6
    zero = subtree.SubtreeKey(ORIGIN, b"\x05" * 32 + bytes(1280))
    wrong = [f"{name}+00000000+{encoded}", f"{name}+{digest}+{encoded[:-4]}", f"{name}+{digest}+*", str(zero), "x"]
    for one in wrong:
        with pytest.raises(ProofError):
            subtree.parse_key(one)


def test_the_key_id_and_the_signed_message_are_those_of_c2sp() -> None:
    """Spelt out from the structure of tlog-cosignature, with nothing of ours."""
    quantum = OURS.keys.quantum
    assert quantum is not None
    material = b"\x06" + quantum.public_key
    assert quantum.key_id == hashlib.sha256(ORIGIN.encode() + b"\n" + material).digest()[:4]
    assert str(quantum) == f"{ORIGIN}+{quantum.key_id.hex()}+{base64.b64encode(material).decode()}"
    name = bytes([len(ORIGIN)]) + ORIGIN.encode()
    expected = b"subtree/v1\n\0" + name + struct.pack(">Q", TIME) + name + struct.pack(">QQ", 0, 7) + bytes(range(32))
    assert subtree.message(ORIGIN, TIME, CHECKPOINT) == expected


@pytest.mark.parametrize(("name", "time"), [("", 0), ("x" * 256, 0), ("é" * 128, 0), ("a", -1), ("a", 2**63)])
def test_what_does_not_fit_the_message_is_refused(name: str, time: int) -> None:
    with pytest.raises(ProofError):
        subtree.message(name, time, CHECKPOINT)


def test_a_reader_that_knows_the_first_key_only_is_not_disturbed() -> None:
    """As the readers of the Go project do: lines by unknown keys are passed over."""
    note.check(note.parse(_note(*OURS.lines())), OURS.keys.classic)


def test_gos_own_reader_of_notes_passes_the_line_over(tmp_path: Path) -> None:
    source = Path("/usr/share/gocode/src/golang.org/x/mod")
    if not source.is_dir():
        pytest.skip("Go's module golang.org/x/mod is not installed")
    (tmp_path / "checkpoint").write_bytes(_note(*OURS.lines()))
    (tmp_path / "main.go").write_text(
        "package main\n"
        'import ("fmt"; "os"; "golang.org/x/mod/sumdb/note")\n'
        "func main() {\n"
        " data, _ := os.ReadFile(os.Args[1])\n"
        " verifier, err := note.NewVerifier(os.Args[2])\n"
        " if err != nil { panic(err) }\n"
        " opened, err := note.Open(data, note.VerifierList(verifier))\n"
        " if err != nil { panic(err) }\n"
        " fmt.Print(len(opened.Sigs), len(opened.UnverifiedSigs))\n"
        "}\n"
    )
    environ = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        ["/usr/bin/env", "go", "run", "main.go", "checkpoint", OURS.keys.lines()[0]],
        cwd=tmp_path,
        env={"PATH": "/usr/local/go/bin:/usr/bin:/bin", "HOME": str(tmp_path), **environ},
        capture_output=True,
        text=True,
    )
    if done.returncode == 127:
        pytest.skip("Go is not installed")
    assert (done.returncode, done.stdout) == (0, "1 1"), done.stderr
