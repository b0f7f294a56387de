"""Certificates of servers in the report: what they say, and nothing where they say it wrongly."""

from __future__ import annotations

import hashlib
import json
import ssl
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from archiver.proof.bundle import layout
from archiver.report.document import certificate
from tests.report.bundle_story import certificate as pem


def test_the_first_of_a_chain_is_the_servers_own() -> None:
    told = certificate.facts(pem() + "-----BEGIN CERTIFICATE-----\nno more\n-----END CERTIFICATE-----\n")
    assert told == {
        "subject": "CN=video.example",
        "issuer": "O=An authority",
        "from": "2026-01-01T00:00:00.000000Z",
        "until": "2027-01-01T00:00:00.000000Z",
        "sha256": hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem())).hexdigest(),
    }


def test_the_report_tells_it_with_the_request(exported_bundle: Path) -> None:
    report = json.loads((exported_bundle / layout.REPORT_JSON).read_bytes())
    (request,) = report["exhibits"][0]["http"]["shown"]
    assert request["tls"] == "TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert request["certificate"] == certificate.facts(pem())
    assert "CN=video.example" in (exported_bundle / layout.REPORT_HTML).read_text("utf-8")


@given(st.text(max_size=60), st.integers(0, 600), st.integers(0, 127))
def test_what_is_no_certificate_says_nothing(text: str, at: int, letter: int) -> None:
    assert certificate.facts(text) == {}
    changed = pem()[:at] + chr(letter) + pem()[at + 1 :]
    told = certificate.facts(changed)
    assert told == {} or set(told) == {"subject", "issuer", "from", "until", "sha256"}
