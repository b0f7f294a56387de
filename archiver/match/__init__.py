"""Alignment and findings: fingerprints in, segments out. Pure: no files, no network, no clock."""
