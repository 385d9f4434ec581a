"""Secrets at rest: AES-256-GCM with a key ring, each ciphertext bound to its row and field."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from apps.core.errors import DeskError


class SealBroken(DeskError):
    """A ciphertext does not belong to this row, or its key is not on the ring."""

    default_code = "SEAL_BROKEN"
    status = 500


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id; the first one seals, all of them open. Text form: `id:base64,id:base64`."""

    keys: dict[str, bytes]

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Return the ring written as `id:base64(32 bytes)[,…]`.

        :raises SealBroken: `KEYRING_INVALID` when a key is not 32 bytes of base64.
        """
        keys: dict[str, bytes] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            key_id, _, encoded = part.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except ValueError as error:
                raise SealBroken("KEYRING_INVALID", key_id=key_id) from error
            if len(key) != 32 or not key_id:
                raise SealBroken("KEYRING_INVALID", key_id=key_id)
            keys[key_id] = key
        if not keys:
            raise SealBroken("KEYRING_EMPTY")
        return cls(keys)

    def seal(self, plain: str, *, context: str) -> str:
        """Return `plain` encrypted for `context` (model, row and field)."""
        key_id, key = next(iter(self.keys.items()))
        nonce = os.urandom(12)
        sealed = AESGCM(key).encrypt(nonce, plain.encode(), context.encode())
        return f"{key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, blob: str, *, context: str) -> str:
        """Return the plain text of a blob sealed for the same `context`.

        :raises SealBroken: when the key is unknown or the blob was moved or altered.
        """
        key_id, _, encoded = blob.partition(":")
        key = self.keys.get(key_id)
        if key is None:
            raise SealBroken("KEY_NOT_ON_RING", key_id=key_id)
        raw = base64.b64decode(encoded)
        try:
            return AESGCM(key).decrypt(raw[:12], raw[12:], context.encode()).decode()
        except InvalidTag as error:
            raise SealBroken(key_id=key_id) from error
