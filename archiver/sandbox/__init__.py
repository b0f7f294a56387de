"""Where hostile bytes are parsed, and nowhere else. Knows nothing of media; `docs/adr/0002-one-prepared-sandbox.md`."""
