"""C2SP tlog-policy: its own example, its rules, and what a policy must not be tricked into."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.faults import ProofError
from archiver.proof.log import note
from archiver.proof.trust import policy
from archiver.proof.trust.cosignature import WitnessKey


def public(seed: int) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32).public_key().public_bytes_raw()


LOG = note.VerifierKey("office-a.example/archive", public(99))
W = {name: WitnessKey(f"{name.lower()}.example/w", public(number)) for number, name in enumerate("ABCDEF", 1)}


def lines(*extra: str, quorum: str = "quorum none") -> bytes:
    known = [f"witness {name} {key}" for name, key in W.items()]
    return "".join(f"{line}\n" for line in [f"log {LOG}", *known, *extra, quorum]).encode()


def code(data: bytes) -> str:
    with pytest.raises(ProofError) as caught:
        policy.parse(data)
    return caught.value.code


def met(data: bytes, names: str) -> bool:
    return policy.parse(data).is_met({W[name] for name in names})


def test_the_groups_of_the_specifications_example_are_counted() -> None:
    data = lines("group X 2 A B C", "group Y any D E F", "group X-and-Y all X Y", quorum="quorum X-and-Y")
    for names in ("ABD", "ABCDEF", "BCF"):
        assert met(data, names), names
    for names in ("", "ABC", "AD", "ADEF", "DEF"):
        assert not met(data, names), names


def test_a_quorum_of_none_asks_for_nobody_and_of_one_for_that_one() -> None:
    assert met(lines(), "")
    assert met(lines(quorum="quorum A"), "A")
    assert not met(lines(quorum="quorum A"), "BCDEF")


def test_a_key_under_two_names_is_refused_so_that_keys_are_counted_and_not_lines() -> None:
    twin = WitnessKey("twin.example/w", W["A"].public_key)
    assert code(lines(f"witness TWIN {twin}")) == "policy-malformed"
    assert code(lines(f"log {note.VerifierKey('other.example', LOG.public_key)}")) == "policy-malformed"


def test_a_witness_in_two_groups_is_refused() -> None:
    assert code(lines("group X any A B", "group Y any A C")) == "policy-malformed"
    assert code(lines("group X 2 A A")) == "policy-malformed"


@pytest.mark.parametrize(
    "key", [bytes(32), (1).to_bytes(32, "little"), (2**255 - 18).to_bytes(32, "little"), b"\xff" * 32]
)
def test_keys_of_small_order_and_second_spellings_are_refused_with_their_line(key: bytes) -> None:
    for line in (f"witness weak {WitnessKey('weak.example', key)}", f"log {note.VerifierKey('weak.example', key)}"):
        with pytest.raises(ProofError) as caught:
            policy.parse(f"# weak\n{line}\nquorum none\n".encode())
        assert caught.value.code in ("key-weak", "key-malformed")
        assert "line 2" in caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"", b"quorum none", b"quorum none\r\n", b"quorum\n", b"quorum none none\n", b"quorum none\nquorum none\n",
        b"quorum A\n", b"quorum none\n\x00\n", b"quorum none\n\x7f\n", b"Quorum none\n", b"quota 1\n",
        lines("group X 0 A"), lines("group X 3 A B"), lines("group X -1 A"), lines("group X +1 A"),
        lines("group X \xb2 A"), lines("group X 1"), lines("group X all"), lines("group none any A"),
        lines("group A any B"), lines("group X any X"), lines("group X any Y", "group Y any A"),
        lines("group X any none"),
        lines("witness A2"), lines("witness none " + str(WitnessKey("n.example", public(50)))),
        lines(f"witness G {LOG}"), lines(f"log {W['A']}"), lines(f"log {LOG}"),
        lines(quorum="quorum nobody"), lines("log a b c"), b"#" * (policy.MAX_BYTES + 1),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_refused(data: bytes) -> None:
    assert code(data) in ("policy-malformed", "key-malformed", "key-name")


def test_blanks_comments_addresses_and_other_octets_are_taken() -> None:
    key = W["A"]
    data = f"\t # a comment\n\n  witness \t Z\xfcri {key}\thttps://w.example/p \nquorum Z\xfcri\n".encode("latin-1")
    found = policy.parse(data)
    assert found.is_met({key})
    assert list(found.urls.values()) == ["https://w.example/p"]
    assert found.logs == ()


def test_names_are_octets_and_not_letters() -> None:
    """A Kelvin sign is not a K, and a comparison that folds letters would count the wrong witness."""
    data = f"witness K {W['A']}\nwitness \u212a {W['B']}\nquorum K\n".encode()
    assert policy.parse(data).is_met({W["A"]})
    assert not policy.parse(data).is_met({W["B"]})


def test_many_definitions_are_taken_and_endless_ones_are_not() -> None:
    groups = [
        f"group g{number} any {'A' if not number else f'g{number - 1}'}" for number in range(policy.MAX_DEFINITIONS)
    ]
    assert met(lines(*groups, quorum=f"quorum g{len(groups) - 1}"), "A")
    assert code(lines(*groups, "group more any B")) == "policy-malformed"


@given(st.binary(max_size=100) | st.text("logwitnesgrupqm ABany12\n\t#", max_size=80).map(str.encode))
def test_arbitrary_bytes_are_a_policy_or_the_one_error(data: bytes) -> None:
    try:
        found = policy.parse(data)
    except ProofError:
        return
    assert not found.is_met(set()) or found.quorum == policy.NONE
