"""Keys derived from the installation's one secret: HKDF-SHA-256 (RFC 5869), a label for each."""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Keys:
    """What is derived from the secret. Nothing derived is stored; nothing leads back to it."""

    def __init__(self, secret: bytes) -> None:
        """Take the secret as it was configured."""
        self._secret = secret

    def _derive(self, label: str) -> bytes:
        return HKDF(SHA256(), length=32, salt=None, info=f"coalition/{label}".encode()).derive(
            self._secret
        )

    def role_password(self, role: str) -> str:
        """Return the password of a serving database role."""
        return base64.urlsafe_b64encode(self._derive(f"database-role/{role}")).decode()

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the key that signs access tokens (EdDSA)."""
        return Ed25519PrivateKey.from_private_bytes(self._derive("access-token"))

    def signing_key_id(self) -> str:
        """Return the ``kid`` of the signing key: a hash of its public half."""
        public = self.signing_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return base64.urlsafe_b64encode(hashlib.sha256(public).digest()[:12]).decode()

    def one_time_code_key(self) -> bytes:
        """Return the key under which one-time codes are stored (HMAC-SHA-256)."""
        return self._derive("one-time-code")

    def demo_secret(self, partner_code: str) -> str:
        """Return the secret of a demo partner's till: the same each time, so it can be told."""
        return base64.urlsafe_b64encode(self._derive(f"demo-till/{partner_code}")).decode()

    def demo_password(self, email: str) -> str:
        """Return the password of a demo employee: the same each time, so it can be told."""
        return base64.urlsafe_b64encode(self._derive(f"demo-employee/{email}")[:15]).decode()
