"""The bundles that the tests of this folder look at."""

from tests.report.bundle_story import bundle, exported_bundle, exporting_vault

__all__ = ["bundle", "exported_bundle", "exporting_vault"]
