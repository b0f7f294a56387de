"""The finished vault, for the tests here."""

from tests.vault_story import finished_vault, vault_copy

__all__ = ["finished_vault", "vault_copy"]
