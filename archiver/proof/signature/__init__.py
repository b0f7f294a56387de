"""The signature schemes in pure Python: Ed25519 (RFC 8032) and ML-DSA-44 (FIPS 204)."""
