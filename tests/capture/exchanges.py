"""What a fetch left in its record about each exchange, in the few fields that tests of access look at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.capture.warc_reader import read


def exchanges(folder: Path) -> list[dict[str, Any]]:
    """Facts of each exchange; the heads as text in `request` and `answer`, the peer's place in `address`."""
    records = read(folder / "exchange.warc")
    found = []
    for record in records:
        if record.type == "metadata":
            facts = json.loads(record.block)
            peer = facts.get("peer", {})
            facts["address"] = f"{peer['address']} {peer['port']}" if peer.get("address") else ""
            found.append({"request": "", "answer": "", **facts})
            of_it = record.fields.get("warc-concurrent-to", "")
            for other in records:
                key = {"request": "request", "response": "answer", "revisit": "answer"}.get(other.type)
                names = (other.fields["warc-record-id"], other.fields.get("warc-concurrent-to"))
                if key and of_it and of_it in names:
                    found[-1][key] = other.block.decode("latin-1").partition("\r\n\r\n")[0]
    return found
