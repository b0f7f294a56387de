"""An index on disk is used only by what makes the same rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from archiver.match import clues, film, sketch
from archiver.match.recipe import recipe


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    recipe.cache_clear()
    yield
    recipe.cache_clear()


def test_another_process_has_the_same_recipe() -> None:
    program = "from archiver.match.recipe import recipe; print(recipe())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == recipe()


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (film, "INDEXED_BOXES", film.INDEXED_BOXES[:-1]),
        (film, "INDEXED_BOXES", (*film.INDEXED_BOXES[:-1], film.INDEXED_BOXES[1])),
        (film, "MIN_CONTRAST", 500.0),
        (film, "CROP_STRIDE", 4),
        (clues, "_PARTS", 127),
        (sketch, "ORDER", sketch.ORDER[::-1]),
    ],
)
def test_other_codes_boxes_or_rows_are_another_recipe(
    where: object, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = recipe()
    recipe.cache_clear()
    monkeypatch.setattr(where, name, value)
    assert recipe() != before
