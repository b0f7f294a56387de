"""`archiver verify --since`: what it prints, and what it refuses."""

from __future__ import annotations

from tests.calling import Archiver


def test_what_is_left_out_is_printed(archiver: Archiver) -> None:
    archiver("add", "https://v.example/1")
    archiver("verify")
    archiver("add", "https://v.example/2")
    said = archiver("verify", "--since", "last").out
    assert "VERIFIED: what came since is there" in said.replace("\n", " ")
    assert "against the checkpoint of that size that was seen before on this machine" in said
    assert said.count("Not looked at: ") == 3
    assert "`archiver verify` without --since looks at all of it" in said
    told = archiver("verify", "--since", "1", "--no-memory", "--json").json
    assert (told["verdict"], told["since"]["size"], told["since"]["remembered"]) == ("VERIFIED", 1, False)
    assert told["checked"]["requests"] == 2


def test_a_size_that_cannot_be_begun_at_is_wrong_usage(archiver: Archiver) -> None:
    assert "nothing of this ledger was seen before" in archiver("verify", "--since", "last", code=2).err
    assert "The newest is of 1" in archiver("verify", "--since", "77", code=2).err
    for size in ("0", "-1", "x", "1.5", "9" * 30):
        assert "neither a number of entries" in archiver("verify", "--since", size, code=2).err
