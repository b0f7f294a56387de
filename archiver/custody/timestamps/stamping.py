"""Getting time stamps: making queries, checking replies, and recording them with the ledger.

Order: the reply is checked, its objects are stored and read back, one transaction records rows and entry, and the
ledger is published. What an interruption cuts off is asked for again: a second stamp harms nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from archiver import model
from archiver.config import Authority, Settings
from archiver.custody.timestamps import stamps, trust
from archiver.custody.timestamps.stamps import Issued, Stamp
from archiver.custody.timestamps.trust import Checked
from archiver.custody.vault import Vault
from archiver.errors import ArchiverError, EvidenceError, UsageError
from archiver.model import CustodyEvent, EventType, Holding, Role, StoredObject
from archiver.proof import durable
from archiver.proof.faults import ProofError
from archiver.proof.times import timestamp
from archiver.proof.times.timestamped import TOLERANCE

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

FOLDER_NAME = "timestamps"

#: Asks an authority: URL and query to reply.
Ask = Callable[[str, bytes], bytes]

_QUERY_NAME = re.compile(r"([1-9][0-9]{0,18})\.[0-9a-f]{1,40}\.tsq", re.ASCII)


@dataclass(frozen=True, slots=True)
class Received:
    """A reply that was found good, with what it answers and where it came from."""

    of: Issued
    query: bytes
    reply: bytes
    checked: Checked
    source: str


def add(
    vault: Vault, ask: Ask, urls: Sequence[str] = (), *, again: bool = False
) -> tuple[list[Stamp], list[ArchiverError]]:
    """Ask the configured authorities, or those at `urls`, about the newest checkpoint; gives stamps and what failed.

    One that has stamped everything already is asked only with `again`. Raises UsageError where nothing is configured.
    """
    authorities = {one.url: one for one in vault.settings.timestamp}
    unknown = [url for url in urls if url not in authorities]
    if unknown or not authorities:
        raise _unconfigured(f"{unknown[0][:200]} is not" if unknown else "no authority is")
    of = stamps.newest(vault)
    wanted = list(urls or authorities)
    if of is None:
        return [], []
    received: list[Received] = []
    errors: list[ArchiverError] = []
    for url in wanted if again else stamps.waits_for(vault, wanted):
        try:
            roots = _roots(authorities[url])
            query = make_query(of.note)
            received.append(_checked(of, query, ask(url, query), roots, url))
        except ArchiverError as error:
            errors.append(error)  # one authority that is away keeps nobody else from answering
    return _record(vault, received), errors


def renew(vault: Vault, ask: Ask, within: timedelta) -> tuple[list[Stamp], list[Stamp], list[ArchiverError]]:
    """Stamp anew where certificates end within that time: gives the stamps that were due, new ones, and errors.

    The old token's digest is in an entry, so a stamp over a checkpoint that holds this entry says that the token was
    there before its certificate ended; nothing else has to be stamped.
    """
    old = stamps.due(stamps.listing(vault), datetime.now(UTC), within)
    if not old:
        return [], [], []
    made, errors = add(vault, ask, again=True)
    return old, made, errors


def of_bytes(settings: Settings, ask: Ask, url: str, stamped: bytes) -> bytes:
    """A checked reply about any bytes, by a configured authority. It is no act of the ledger's, and not recorded.

    Raises UsageError where it is not configured, EvidenceError for a reply that is not good, MachineError.
    """
    roots = _roots(authority(settings, url))
    query = make_query(stamped)
    reply = ask(url, query)
    _check(query, reply, stamped, roots, url)
    return reply


def authority(settings: Settings, url: str) -> Authority:
    """The configured authority at an address. Raises UsageError where there is none."""
    found = next((one for one in settings.timestamp if one.url == url), None)
    if found is None:
        raise _unconfigured(f"{url[:200]} is not")
    return found


def make_query(stamped: bytes) -> bytes:
    """A query (DER) about these bytes: SHA-256, a random number, and the certificates wanted."""
    from rfc3161_client import TimestampRequestBuilder
    from rfc3161_client.base import HashAlgorithm

    built = TimestampRequestBuilder().data(stamped).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True)
    return built.cert_request(cert_request=True).build().as_bytes()


def write_query(vault: Vault, target: Path) -> Issued:
    """Write a query to carry to an authority by hand; a copy stays here until the reply is imported."""
    of = stamps.newest(vault)
    if of is None:
        raise UsageError("no checkpoint was issued yet")
    query = make_query(of.note)
    folder = vault.folder / FOLDER_NAME
    if not folder.is_dir():
        folder.mkdir()
        durable.sync_folder(vault.folder)
    durable.replace(folder / f"{of.size}.{_nonce(query)}.tsq", query, 0o644)
    durable.replace(target, query, 0o644)
    return of


def take_in(vault: Vault, reply: bytes, roots: bytes = b"", source: str = "") -> Stamp:
    """Record the reply to a query that was carried by hand, once. Raises UsageError, EvidenceError."""
    try:
        token = timestamp.parse_reply(reply)
    except ProofError as error:
        raise EvidenceError(f"this is no token: {error.message}", code=error.code) from None
    told = [one for one in stamps.listing(vault) if one.reply == hashlib.sha256(reply).hexdigest()]
    of, path = _asked(vault, token.nonce)
    if told:  # an interruption came before its query was removed
        path.unlink()
        return told[0]
    given = trust.read_pem(roots) if roots else [one for each in vault.settings.timestamp for one in _roots(each)]
    if not given:
        raise UsageError("no root certificate is at hand", next_step="Give the authority's with --certificates FILE")
    received = _checked(of, path.read_bytes(), reply, given, source)
    (made,) = _record(vault, [received])
    path.unlink()
    return made


def unanswered(vault: Vault) -> Iterator[tuple[int, Path]]:
    """Queries that were written to files and whose replies did not come yet: size of the checkpoint, and file."""
    for path in sorted((vault.folder / FOLDER_NAME).glob("*.tsq")):
        named = _QUERY_NAME.fullmatch(path.name)
        if named:
            yield int(named[1]), path


def _asked(vault: Vault, nonce: int | None) -> tuple[Issued, Path]:
    for size, path in unanswered(vault):
        of = stamps.issued(vault, size)
        if of is not None and nonce is not None and path.name == f"{size}.{nonce:x}.tsq":
            return of, path
    raise UsageError(
        "this answers no query that this vault wrote and still waits for",
        next_step="`archiver timestamp query --to FILE` writes one; its reply is taken in once",
    )


def _nonce(query: bytes) -> str:
    nonce = timestamp.parse_query(query).nonce
    assert nonce is not None, "our queries have one"
    return f"{nonce:x}"


def _unconfigured(what: str) -> UsageError:
    return UsageError(
        f"{what} configured in archiver.toml",
        next_step='Write [[timestamp]] with url = "..." and certificates = "ROOTS.pem", or [[calendar]] with url',
    )


def _roots(authority: Authority) -> Sequence[Certificate]:
    try:
        return trust.read_pem(authority.certificates.read_bytes())
    except OSError as error:
        raise UsageError(f"{authority.certificates} cannot be read: {error.strerror}") from None


def _checked(of: Issued, query: bytes, reply: bytes, roots: Sequence[Certificate], source: str) -> Received:
    checked = _check(query, reply, of.note, roots, source)
    if model.moment(checked.token.time) + TOLERANCE < model.moment(of.claimed):
        raise EvidenceError(
            f"the authority's time, {checked.token.time}, is before the last entry's, {of.claimed}",
            code="timestamp-invalid",
            next_step="Nothing was recorded. Set this machine's clock; stamps are possible again when it is later",
        )
    return Received(of, query, reply, checked, source)


def _check(query: bytes, reply: bytes, stamped: bytes, roots: Sequence[Certificate], source: str) -> Checked:
    try:
        return trust.check(reply, query, stamped, roots)
    except ProofError as error:
        step = "Nothing was recorded. Compare its root with the file of certificates in archiver.toml"
        raise EvidenceError(f"the reply of {source or 'the authority'} is not good: {error.message}",
                            code=error.code, next_step=step) from None  # fmt: skip


def _record(vault: Vault, received: Sequence[Received]) -> list[Stamp]:
    if not received:
        return []
    held = [(one, _keep(vault, one)) for one in received]
    with vault.database.write() as transaction:
        transaction.executemany(
            "INSERT OR IGNORE INTO object VALUES (?, ?, ?, ?)",
            [(o.sha256, o.sha512, o.size, o.media_type) for _, objects in held for o in objects],
        )
        numbers = vault.ledger.append(transaction, [_event(one, objects) for one, objects in held])
    vault.ledger.publish()
    known = {one.entry: one for one in stamps.listing(vault)}
    return [known[number] for number in numbers]


def _keep(vault: Vault, one: Received) -> list[StoredObject]:
    parts = ((one.query, stamps.QUERY_TYPE), (one.reply, stamps.REPLY_TYPE), (one.checked.chain, stamps.CHAIN_TYPE))
    kept = [(vault.store.put(data), media_type) for data, media_type in parts]
    return [StoredObject(made.sha256, made.sha512, made.size, media_type) for made, media_type in kept]


def _event(one: Received, objects: Sequence[StoredObject]) -> CustodyEvent:
    token = one.checked.token
    return CustodyEvent(
        EventType.TIMESTAMP,
        holdings=tuple(Holding(held, Role.TIMESTAMP) for held in objects),
        detail={
            "size": one.of.size,
            "root": one.of.root,
            "time": token.time,
            "serial": str(token.serial),
            "authority": one.checked.authority,
            "expires": one.checked.expires,
        },
        sealed={"source": one.source},
    )
