"""The finished vault and the bundles that the tests of this folder tamper with."""

from tests.receiving_story import received_copy, received_vault, withholding_bundle
from tests.report.bundle_story import bundle, exported_bundle, exporting_vault
from tests.vault_story import finished_vault, vault_copy

__all__ = [
    "bundle",
    "exported_bundle",
    "exporting_vault",
    "finished_vault",
    "received_copy",
    "received_vault",
    "vault_copy",
    "withholding_bundle",
]
