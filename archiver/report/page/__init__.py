"""report.html: the provenance document as a page."""
