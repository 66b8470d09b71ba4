"""KMS: a key id that can be chosen, a usage that a key has unless told otherwise, disabled keys that refuse to work, and whole ARNs."""

from __future__ import annotations

from typing import Any

import moto.kms.exceptions as moto_refusals
import moto.kms.models as moto_keys
import moto.kms.responses as moto_requests
from moto.core.exceptions import JsonRESTError
from moto.utilities.utils import get_partition

from .patching import patch

_chosen_key_ids: list[str] = []


def choose_key_id(key_id: str) -> None:
    _chosen_key_ids.append(key_id)


@patch(moto_keys)
def generate_key_id(original: Any, multi_region: bool = False) -> str:
    return _chosen_key_ids.pop(0) if _chosen_key_ids else original(multi_region)


@patch(moto_keys.Key, "__init__")
def _key(original: Any, self: Any, policy: Any, key_usage: str | None, *more: Any, **named: Any) -> None:
    """What CreateKey means when it says nothing; moto makes a key without any usage of it."""
    original(self, policy, key_usage or "ENCRYPT_DECRYPT", *more, **named)


def _by_any_id(method: str) -> None:
    """moto takes a key's own id here, and nothing else that names it."""

    @patch(moto_keys.KmsBackend, method)
    def change(original: Any, self: Any, key_id: str, *args: Any, **kwargs: Any) -> Any:
        return original(self, self.any_id_to_key_id(key_id), *args, **kwargs)


for _method in ("enable_key", "disable_key", "cancel_key_deletion", "schedule_key_deletion"):
    _by_any_id(_method)


def _place_of(arn: str) -> list[str] | None:
    """Partition, service, region and account of an ARN; nothing for what is a name within an account."""
    return arn.split(":")[1:5] if arn.startswith("arn:") else None


def _by_whole_arn(method: str) -> None:
    """moto looks at the last part of an ARN only; AWS has no key of another place here, and none of another account to show."""

    @patch(moto_requests.KmsResponse, method)
    def change(original: Any, self: Any, key_id: str) -> Any:
        own = [get_partition(self.region), "kms", self.region, self.current_account]
        place = _place_of(key_id) or own
        if place[:3] != own[:3]:
            raise moto_refusals.NotFoundException(f"Invalid arn {place[2]}")
        if place != own:
            said = f"not authorized to perform: kms:{self._get_action()} on resource: {key_id}"
            raise JsonRESTError("AccessDeniedException", f"{said} because no resource-based policy allows the action")
        return original(self, key_id)


for _method in ("_validate_key_id", "_validate_cmk_id"):
    _by_whole_arn(_method)


def trouble_with(account: str, region: str, key_id: str) -> str | None:
    """Why EBS could not encrypt under that key: it is "missing" or "unusable"; None when it could."""
    if _place_of(key_id) not in (None, [get_partition(region), "kms", region, account]):
        return "missing"
    backend = moto_keys.kms_backends[account][region]
    named = backend.get_alias_name(key_id)
    own_id = backend.get_key_id_from_alias(named) if named.startswith("alias/") else named
    key = backend.keys.get(backend.get_key_id(own_id)) if own_id else None
    if key is None:
        return "missing"
    usable = key.enabled and key.key_state == "Enabled" and key.key_usage == "ENCRYPT_DECRYPT"
    return None if usable and key.key_spec == "SYMMETRIC_DEFAULT" else "unusable"


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
