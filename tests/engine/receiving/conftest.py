"""A bundle of one office, and a vault of another that took it in."""

from tests.receiving_story import changing_bundle, received_copy, received_vault, withholding_bundle
from tests.report.bundle_story import bundle, exported_bundle, exporting_vault
from tests.small_disk import small_disk

__all__ = [
    "bundle",
    "changing_bundle",
    "exported_bundle",
    "exporting_vault",
    "received_copy",
    "received_vault",
    "small_disk",
    "withholding_bundle",
]
