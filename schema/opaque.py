"""Opaque texts that lead back to a row: ids of nodes, and cursors in lists.

They hold what an index finds the row by. They grant nothing: every read is of the caller's own
rows, so another's text leads nowhere.
"""

import base64
import binascii
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from ledger.statements import LinePlace
from ledger.tables import BUCKETS
from partners.purchases import Place

Key = TypeVar("Key")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = struct.Struct(">q16s")
_LINE_PLACE = struct.Struct(">q16sh")
_OWNED = struct.Struct(">h16s")
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Opaque(Generic[Key]):
    """One kind of opaque text, told by its first byte, and how its key is written and read."""

    letter: bytes
    write: Callable[[Key], bytes]
    read: Callable[[bytes], Key | None]

    def seal(self, key: Key) -> str:
        """Return the text for a key."""
        return self._text(self.letter + self.write(key))

    def unseal(self, text: str) -> Key | None:
        """Return the key in a text that ``seal`` made, or None for any other text."""
        if len(text) > _LONGEST:
            return None
        try:
            content = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        if content[:1] != self.letter or self._text(content) != text:
            return None
        return self.read(content[1:])

    @staticmethod
    def _text(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _write_place(place: Place) -> bytes:
    return _PLACE.pack(_microseconds(place.occurred_at), place.id.bytes)


def _read_place(content: bytes) -> Place | None:
    if len(content) != _PLACE.size:
        return None
    microseconds, identifier = _PLACE.unpack(content)
    try:
        return Place(_EPOCH + timedelta(microseconds=microseconds), UUID(bytes=identifier))
    except OverflowError:
        return None


def _write_line_place(place: LinePlace) -> bytes:
    posted_at, posting_id, line = place
    return _LINE_PLACE.pack(_microseconds(posted_at), posting_id.bytes, line)


def _read_line_place(content: bytes) -> LinePlace | None:
    if len(content) != _LINE_PLACE.size:
        return None
    microseconds, identifier, line = _LINE_PLACE.unpack(content)
    try:
        return _EPOCH + timedelta(microseconds=microseconds), UUID(bytes=identifier), line
    except OverflowError:
        return None


def _write_uuid(identifier: UUID) -> bytes:
    return identifier.bytes


def _read_uuid(content: bytes) -> UUID | None:
    return UUID(bytes=content) if len(content) == 16 else None


def _write_owned(key: tuple[int, UUID]) -> bytes:
    bucket, identifier = key
    return _OWNED.pack(bucket, identifier.bytes)


def _read_owned(content: bytes) -> tuple[int, UUID] | None:
    if len(content) != _OWNED.size:
        return None
    bucket, identifier = _OWNED.unpack(content)
    return (bucket, UUID(bytes=identifier)) if 0 <= bucket < BUCKETS else None


def _read_code(content: bytes) -> str | None:
    try:
        code = content.decode()
    except UnicodeDecodeError:
        return None
    return code if code.isprintable() else None


def _write_version(version: int) -> bytes:
    return version.to_bytes(4, "big", signed=True)


def _read_version(content: bytes) -> int | None:
    return int.from_bytes(content, "big", signed=True) if len(content) == 4 else None


PURCHASE = Opaque(b"P", _write_place, _read_place)
CUSTOMER = Opaque(b"C", _write_uuid, _read_uuid)
OUTLET = Opaque(b"O", _write_uuid, _read_uuid)
CONTRACT = Opaque(b"K", _write_uuid, _read_uuid)
CREDENTIAL = Opaque(b"S", _write_uuid, _read_uuid)
STAFF = Opaque(b"E", _write_uuid, _read_uuid)
PARTNER = Opaque(b"R", _write_uuid, _read_uuid)
CARD = Opaque(b"D", _write_uuid, _read_uuid)
MEMBER = Opaque(b"M", _write_owned, _read_owned)
ISSUED_CARD = Opaque(b"I", _write_owned, _read_owned)
ACCOUNT = Opaque(b"A", _write_owned, _read_owned)
POSTING = Opaque(b"T", _write_uuid, _read_uuid)

PURCHASE_CURSOR = Opaque(b"p", _write_place, _read_place)
CUSTOMER_CURSOR = Opaque(b"c", _write_uuid, _read_uuid)
OUTLET_CURSOR = Opaque(b"o", str.encode, _read_code)
CONTRACT_CURSOR = Opaque(b"k", _write_uuid, _read_uuid)
PARTNER_CURSOR = Opaque(b"r", _write_uuid, _read_uuid)
LINE_CURSOR = Opaque(b"l", _write_line_place, _read_line_place)
PARTNER_CODE_CURSOR = Opaque(b"b", str.encode, _read_code)
CREDENTIAL_CURSOR = Opaque(b"s", _write_uuid, _read_uuid)
STAFF_CURSOR = Opaque(b"e", str.encode, _read_code)
PROGRAMME_CURSOR = Opaque(b"v", _write_version, _read_version)

_CURSORS: tuple[Opaque[Any], ...] = (
    PURCHASE_CURSOR,
    CUSTOMER_CURSOR,
    OUTLET_CURSOR,
    CONTRACT_CURSOR,
    PARTNER_CURSOR,
    LINE_CURSOR,
    PARTNER_CODE_CURSOR,
    CREDENTIAL_CURSOR,
    STAFF_CURSOR,
    PROGRAMME_CURSOR,
)


def is_cursor(text: str) -> bool:
    """Tell whether a text is a place in some list."""
    return any(kind.unseal(text) is not None for kind in _CURSORS)
