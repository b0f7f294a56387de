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
    "content_credentials": "Content credentials (C2PA) in the file",
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

#: Sealed fields that are no line of an exhibit.
OTHER_FIELDS: Mapping[str, str] = {
    "agent": "Who did each act",
    "canonical_url": "Address as it is compared",
    "case": "Case",
    "path": "Where a file lay on the office's machine (in every report)",
    "prepared_by": "Who prepared the report",
    "prepared_for": "For whom the report was prepared",
    "title": "Title",
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
    "history": "History at the office that it was received from",
    "pictures": "Pictures from the footage in this report",
}


def technical(name: str) -> str:
    """A fact's name."""
    return TECHNICAL.get(name, name.replace("_", " "))


def field(name: str) -> str:
    """A sealed field's name."""
    return OTHER_FIELDS.get(name, FIELDS.get(name, name))
