"""report.json: the provenance document as a pure function of what was gathered."""
