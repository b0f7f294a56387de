"""Statements for people to sign, filled in from the report as far as records go. Templates, not legal advice."""
