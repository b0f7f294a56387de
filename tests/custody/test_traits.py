"""What tells copies apart, read from documents that hostile sites and files had a hand in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from archiver.custody import catalog, traits
from archiver.custody.vault import Vault
from archiver.errors import EvidenceError
from archiver.model import Holding, Item, Role
from tests.vault_story import FIRST, Copy, held


@pytest.fixture
def vault(vault_copy: Copy) -> Iterator[Vault]:
    with vault_copy.open() as opened:
        yield opened


def saying(vault: Vault, role: Role, document: bytes) -> Item:
    """The first item with another document in this role."""
    item = catalog.item(vault, FIRST)
    others = tuple(holding for holding in item.holdings if holding.role is not role)
    return replace(item, holdings=(*others, held(vault, document, role, "application/json")))


@pytest.mark.parametrize(
    ("info", "span", "field"),
    [
        ({"timestamp": 1_710_432_000}, ("2024-03-14T16:00:00.000000Z",) * 2, "timestamp"),
        ({"timestamp": 1_710_432_000.7, "upload_date": "20200101"}, ("2024-03-14T16:00:00.000000Z",) * 2, "timestamp"),
        ({"timestamp": None, "release_timestamp": 1_710_432_000}, ("2024-03-14T16:00:00.000000Z",) * 2,
         "release_timestamp"),
        ({"timestamp": "yesterday", "upload_date": "20240314"},
         ("2024-03-14T00:00:00.000000Z", "2024-03-14T23:59:59.999999Z"), "upload_date"),
    ],
)  # fmt: skip
def test_the_time_of_a_post_is_a_moment_or_a_day(
    vault: Vault, info: dict[str, Any], span: tuple[str, str], field: str
) -> None:
    found = traits.posted(vault, saying(vault, Role.INFO, json.dumps(info).encode()))
    assert found is not None
    assert ((found.first, found.last), found.field) == (span, field)


@pytest.mark.parametrize(
    "info",
    [
        b"{}", b"[]", b"no json", b"[" * 100_000, b"\xff\xfe", b'{"timestamp": NaN}', b'{"timestamp": Infinity}',
        b'{"timestamp": 1e300}', b'{"timestamp": -5}', b'{"timestamp": true}', b'{"timestamp": [1710432000]}',
        b'{"upload_date": "20241399"}', b'{"upload_date": "2024031"}', b'{"upload_date": 20240314}',
        '{"upload_date": "٢٠٢٤٠٣١٤"}'.encode(),
    ],
)  # fmt: skip
def test_a_time_that_is_none_is_not_there(vault: Vault, info: bytes) -> None:
    assert traits.posted(vault, saying(vault, Role.INFO, info)) is None


FACTS = {"width": 640, "height": 360, "frames": 250, "duration_ms": 10_000, "codec": "h264"}


def metadata(facts: Any, tags: Any = None) -> bytes:
    return json.dumps({"files": [{"facts": facts, "exiftool": tags}]}).encode()


def test_how_footage_is_encoded_is_told_of_its_original(vault: Vault) -> None:
    item = saying(vault, Role.METADATA, metadata(FACTS))
    found = traits.picture(vault, item)
    assert found is not None
    (original,) = item.of_role(Role.ORIGINAL)
    assert (found.sha256, found.size) == (original.object.sha256, original.object.size)
    assert found.metadata == item.of_role(Role.METADATA)[0].object.sha256
    assert (found.width, found.height, found.frames, found.length_ms, found.codec) == (640, 360, 250, 10_000, "h264")
    assert found.rate == original.object.size * 8 / 10


def test_a_still_has_no_length(vault: Vault) -> None:
    item = saying(vault, Role.METADATA, metadata({**FACTS, "frames": 1, "duration_ms": 40}))
    (original,) = item.of_role(Role.ORIGINAL)
    still = Holding(replace(original.object, media_type="image/jpeg"), Role.ORIGINAL)
    found = traits.picture(vault, replace(item, holdings=(still, *item.of_role(Role.METADATA))))
    assert found is not None
    assert found.length_ms == 0


@pytest.mark.parametrize(
    "document",
    [
        b"{}", b'{"files": []}', b'{"files": [1]}', b'{"files": {"facts": 1}}', metadata(None), metadata([]),
        metadata({}), metadata({**FACTS, "width": 0}), metadata({**FACTS, "height": "360"}),
        metadata({**FACTS, "width": 2**70}), metadata({**FACTS, "width": True}), b"\0",
    ],
)  # fmt: skip
def test_what_says_nothing_of_a_picture_is_no_picture(vault: Vault, document: bytes) -> None:
    assert traits.picture(vault, saying(vault, Role.METADATA, document)) is None


@pytest.mark.parametrize(
    ("tags", "made_by"),
    [
        ({"QuickTime:ItemList:Encoder": {"val": "Lavf62.12.102"}}, "software"),
        ({"QuickTime:Keys:Make": {"val": "Apple"}, "QuickTime:Keys:Model": {"val": "iPhone 15"}}, "camera"),
        ({"QuickTime:Keys:Make": {"val": "Apple"}, "QuickTime:Keys:Software": {"val": "CapCut 3"}}, ""),
        ({"QuickTime:Keys:Software": {"val": "17.4.1"}}, ""),
        ({"Matroska:MuxingApp": {"val": "libmkv 0.6.4"}}, "software"),
        ({"QuickTime:Keys:Make": {"val": ""}}, ""),
        ({"QuickTime:Keys:Make": "Apple", "Encoder": {"val": ["Lavf"]}}, ""),
        (["Make"], ""),
    ],
)
def test_marks_of_a_camera_or_of_a_program(vault: Vault, tags: Any, made_by: str) -> None:
    found = traits.picture(vault, saying(vault, Role.METADATA, metadata(FACTS, tags)))
    assert found is not None
    assert found.made_by == made_by


def test_a_document_that_is_gone_or_endless_says_nothing(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    item = saying(vault, Role.INFO, b'{"timestamp": 1710432000}')
    monkeypatch.setattr(traits, "MAX_BYTES", 10)
    assert traits.posted(vault, item) is None
    monkeypatch.undo()
    path = vault.store.path(item.of_role(Role.INFO)[0].object.sha256)
    path.unlink()
    assert traits.posted(vault, item) is None


def test_what_is_known_of_an_item_names_the_entry_by_which_it_came(vault: Vault, vault_copy: Copy) -> None:
    item = catalog.item(vault, FIRST)
    (found,) = traits.copies(vault, [item])
    assert (found.item, found.entry) == (FIRST, vault_copy.entry_of(FIRST, "ingestion"))
    assert found.acquired == json.loads(vault.ledger.entry(found.entry))["time"]
    assert (found.stamp, found.proved, found.anchor, found.block) == (-1, "", -1, -1)
    assert (found.posted, found.picture) == (None, None)
    with pytest.raises(EvidenceError, match="inothing"):
        traits.copies(vault, [replace(item, id="inothing")])
