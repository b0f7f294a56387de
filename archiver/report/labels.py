"""What the report calls things: the names of fields, of roles, of facts, the same on the page and on paper."""

from __future__ import annotations

from collections.abc import Mapping

#: Names of what examination found, as people say them. What is not listed is shown under its own name.
TECHNICAL: Mapping[str, str] = {
    "media_type": "Kind of file, by its content",
    "duration_seconds": "Length in seconds",
    "width": "Width in pixels",
    "height": "Height in pixels",
    "codecs": "Encoding",
    "created": "Time of making, as the file claims",
}

FIELDS: Mapping[str, str] = {
    "url": "Address asked for",
    "final_url": "Address after redirects",
    "file_name": "File name at the source",
    "uploader": "Uploader, as the source says",
    "source": "Source, as whoever handed it in said",
    "location": "Place, as stated",
    "requested_by": "Asked for by",
    "note": "Note",
}

DIFFERENCES: Mapping[str, str] = {
    "mirror": "Mirrored against each other",
    "speed": "Speed of one against the other",
}

ROLES: Mapping[str, str] = {
    "original": "Original",
    "exchange": "Record of the HTTP exchange",
    "info": "What the site said about it",
    "metadata": "Metadata found in the file",
    "fingerprint": "Fingerprint",
    "subtitles": "Subtitles",
    "thumbnail": "Preview picture from the site",
    "comments": "Comments under it",
    "snapshot": "Snapshot of the page",
}


def technical(name: str) -> str:
    """A fact's name."""
    return TECHNICAL.get(name, name.replace("_", " "))


def difference(name: str) -> str:
    """What was found to differ between two copies."""
    return DIFFERENCES.get(name, f"Difference found: {name}")
