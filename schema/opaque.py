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
from typing import Generic, TypeVar
from uuid import UUID

from partners.purchases import Place

Key = TypeVar("Key")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PLACE = struct.Struct(">q16s")
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


def _write_place(place: Place) -> bytes:
    return _PLACE.pack((place.occurred_at - _EPOCH) // _MICROSECOND, place.id.bytes)


def _read_place(content: bytes) -> Place | None:
    if len(content) != _PLACE.size:
        return None
    microseconds, identifier = _PLACE.unpack(content)
    try:
        return Place(_EPOCH + timedelta(microseconds=microseconds), UUID(bytes=identifier))
    except OverflowError:
        return None


def _write_uuid(identifier: UUID) -> bytes:
    return identifier.bytes


def _read_uuid(content: bytes) -> UUID | None:
    return UUID(bytes=content) if len(content) == 16 else None


def _read_code(content: bytes) -> str | None:
    try:
        code = content.decode()
    except UnicodeDecodeError:
        return None
    return code if code.isprintable() else None


PURCHASE = Opaque(b"P", _write_place, _read_place)
CUSTOMER = Opaque(b"C", _write_uuid, _read_uuid)
OUTLET = Opaque(b"O", _write_uuid, _read_uuid)
CONTRACT = Opaque(b"K", _write_uuid, _read_uuid)

PURCHASE_CURSOR = Opaque(b"p", _write_place, _read_place)
CUSTOMER_CURSOR = Opaque(b"c", _write_uuid, _read_uuid)
OUTLET_CURSOR = Opaque(b"o", str.encode, _read_code)


def is_cursor(text: str) -> bool:
    """Tell whether a text is a place in some list."""
    return (
        PURCHASE_CURSOR.unseal(text) is not None
        or CUSTOMER_CURSOR.unseal(text) is not None
        or OUTLET_CURSOR.unseal(text) is not None
    )
