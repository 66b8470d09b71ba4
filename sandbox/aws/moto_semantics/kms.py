"""KMS: a key id that can be chosen, and disabled keys that refuse to work."""

from __future__ import annotations

from typing import Any

import moto.kms.models as moto_keys
from moto.core.exceptions import JsonRESTError

from .patching import patch

_chosen_key_ids: list[str] = []


def choose_key_id(key_id: str) -> None:
    _chosen_key_ids.append(key_id)


@patch(moto_keys)
def generate_key_id(original: Any, multi_region: bool = False) -> str:
    return _chosen_key_ids.pop(0) if _chosen_key_ids else original(multi_region)


@patch(moto_keys.KmsBackend)
def create_key(original: Any, self: Any, policy: Any, key_usage: str | None, *args: Any, **kwargs: Any) -> Any:
    """A key is for encryption unless something else is said; moto then says nothing of it."""
    return original(self, policy, key_usage or "ENCRYPT_DECRYPT", *args, **kwargs)


def _refuse_unusable(backend: Any, key_id: str) -> None:
    key = backend.keys.get(backend.any_id_to_key_id(key_id))
    if key is None:
        return  # moto says which key was not found
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")


@patch(moto_keys.KmsBackend)
def encrypt(original: Any, self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
    _refuse_unusable(self, key_id)
    return original(self, key_id, *args, **kwargs)


@patch(moto_keys.KmsBackend)
def generate_data_key(original: Any, self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
    _refuse_unusable(self, key_id)
    return original(self, key_id, *args, **kwargs)


@patch(moto_keys.KmsBackend)
def decrypt(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Which key is used stands in the ciphertext, so the answer is withheld rather than the work."""
    plaintext, arn = original(self, *args, **kwargs)
    _refuse_unusable(self, arn)
    return plaintext, arn
