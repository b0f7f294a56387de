"""One request and its answer, as the layers of a fetch share it while it happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Exchange:
    """One request and its answer, while it happens and afterwards.

    `wire_bytes` counts all that came, with headers; `body_bytes` the body as it was sent. `seconds` runs from the
    request to the last byte read.
    """

    number: int
    method: str
    url: str
    started: str
    begun: float
    for_file: bool
    request_headers: Mapping[str, str]
    address: str = ""
    status: int = 0
    status_text: str = ""
    response_headers: Sequence[tuple[str, str]] = ()
    wire_bytes: int = 0
    body_bytes: int = 0
    seconds: float = 0.0
    reason: str = ""
    reused_for_file: bool = False
    via: Mapping[str, str] = field(default_factory=dict)  # what stood between us and the server, for the record

    def header(self, name: str) -> str:
        """The first value of a response header, or the empty string."""
        return next((value for key, value in self.response_headers if key.lower() == name), "")
