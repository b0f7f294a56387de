"""C2SP tlog-policy: which logs and witnesses a reader believes, and how many of them have to agree.

The file comes from outside of what is checked. Every name is a member of one group at most, so each key counts once,
however many lines it signs. Names are octets to the specification; they are held here as Latin-1 text, one character
an octet, and shown as UTF-8.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from archiver.proof.faults import ProofError
from archiver.proof.log import note
from archiver.proof.trust import cosignature
from archiver.proof.trust.cosignature import WitnessKey

#: The specification asks for 32 each of logs, witnesses and groups; the public networks have some dozens.
MAX_DEFINITIONS = 1_000

#: 3,000 definitions of some hundred bytes, and room for comments.
MAX_BYTES = 1024 * 1024

#: The quorum that asks for no witness.
NONE = "none"

_CODE = "policy-malformed"
_BLANK = " \t"


@dataclass(frozen=True)
class Group:
    """Witnesses a checkpoint when at least `threshold` of its members do."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """What was read. `groups` come after their members; `urls` are by the witness's name, where given."""

    logs: tuple[note.VerifierKey, ...]
    witnesses: Mapping[str, WitnessKey]
    groups: Mapping[str, Group]
    quorum: str
    urls: Mapping[str, str] = field(default_factory=dict)

    def is_met(self, cosigners: Collection[WitnessKey]) -> bool:
        """Whether these witnesses are enough."""
        if self.quorum == NONE:
            return True
        met = {name for name, key in self.witnesses.items() if key in cosigners}
        for name, group in self.groups.items():
            if sum(member in met for member in group.members) >= group.threshold:
                met.add(name)
        return self.quorum in met

    def log_key(self, origin: str) -> tuple[note.VerifierKey, ...]:
        """The listed keys of a log; empty where the policy does not know it."""
        return tuple(key for key in self.logs if key.name == origin)


class _Reader:
    """The definitions so far, one line after the other."""

    def __init__(self) -> None:
        self.logs: list[note.VerifierKey] = []
        self.witnesses: dict[str, WitnessKey] = {}
        self.groups: dict[str, Group] = {}
        self.urls: dict[str, str] = {}
        self.quorum: str | None = None
        self._used: set[str] = set()

    def read(self, words: list[str]) -> None:
        kind, given = words[0], words[1:]
        readers = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if kind not in readers:
            raise ProofError(_CODE, f"{kind[:40]!r} is no word of a policy")
        readers[kind](given)
        if max(len(self.logs), len(self.witnesses), len(self.groups)) > MAX_DEFINITIONS:
            raise ProofError(_CODE, f"it defines more than {MAX_DEFINITIONS} of one kind")

    def _log(self, given: list[str]) -> None:
        _count(given, 1, 2, "log")
        key = note.parse_key(_text(given[0]))
        if key.public_key in {one.public_key for one in self.logs}:
            raise ProofError(_CODE, f"the key of log {key.name} is there twice")
        self.logs.append(key)

    def _witness(self, given: list[str]) -> None:
        _count(given, 2, 3, "witness")
        name, key = self._new(given[0]), cosignature.parse_key(_text(given[1]))
        if key.public_key in {one.public_key for one in self.witnesses.values()}:
            raise ProofError(_CODE, f"the key of witness {key.name} is there twice")
        self.witnesses[name] = key
        if len(given) == 3:
            self.urls[name] = _text(given[2])

    def _group(self, given: list[str]) -> None:
        _count(given, 3, MAX_BYTES, "group")
        name, threshold, members = self._new(given[0]), given[1], given[2:]
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise ProofError(_CODE, f"{_shown(member)} is not defined on a line before")
            if member in self._used:
                raise ProofError(_CODE, f"{_shown(member)} is a member twice: it could count more than once")
            self._used.add(member)
        self.groups[name] = Group(_threshold(threshold, len(members)), tuple(members))

    def _quorum(self, given: list[str]) -> None:
        _count(given, 1, 1, "quorum")
        if self.quorum is not None:
            raise ProofError(_CODE, "it has more than one quorum line")
        if given[0] != NONE and given[0] not in self.witnesses and given[0] not in self.groups:
            raise ProofError(_CODE, f"the quorum {_shown(given[0])} is not defined on a line before")
        self.quorum = given[0]

    def _new(self, name: str) -> str:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise ProofError(_CODE, f"the name {_shown(name)} is taken")
        return name


def parse(data: bytes) -> Policy:
    """The policy in a file's bytes. Raises ProofError, also for keys that anybody can sign under."""
    if len(data) > MAX_BYTES:
        raise ProofError(_CODE, f"a policy is at most {MAX_BYTES} bytes long")
    whole = data.decode("latin-1")
    if whole and not whole.endswith("\n"):
        raise ProofError(_CODE, "the last line of a policy does not end in a newline")
    reader = _Reader()
    for number, line in enumerate(whole.split("\n")[:-1], 1):
        if any((one < " " and one != "\t") or one == "\x7f" for one in line):
            raise ProofError(_CODE, f"line {number} of the policy holds a control character")
        words = line.replace("\t", " ").strip(_BLANK).split(" ")
        if words != [""] and not words[0].startswith("#"):
            try:
                reader.read([word for word in words if word])
            except ProofError as error:
                raise ProofError(error.code, f"line {number} of the policy: {error.message}") from None
    if reader.quorum is None:
        raise ProofError(_CODE, "a policy has a quorum line; `quorum none` asks for no witness")
    return Policy(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum, reader.urls)


def _threshold(given: str, members: int) -> int:
    if given in ("any", "all"):
        return 1 if given == "any" else members
    if not (given.isascii() and given.isdigit() and len(given) <= 6 and 1 <= int(given) <= members):
        raise ProofError(_CODE, f"{given[:40]!r} of {members} members is no threshold")
    return int(given)


def _count(given: list[str], least: int, most: int, kind: str) -> None:
    if not least <= len(given) <= most:
        raise ProofError(_CODE, f"a {kind} line does not have {len(given)} words after its first")


def _text(octets: str) -> str:
    try:
        return octets.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise ProofError(_CODE, "a key or URL is not UTF-8") from None


def _shown(name: str) -> str:
    return ascii(name.encode("latin-1").decode("utf-8", "replace")[:100])
