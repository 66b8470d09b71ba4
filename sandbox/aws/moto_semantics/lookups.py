"""What moto looks up again and again, found at once. It changes no answer.

Owns: which tags an EC2 resource has, which is asked for every resource that a filter looks at: moto goes through the tags of
all that ever existed, deleted resources included, and compiles a pattern each time, so that a sandbox in which some hundred
clusters came and went took a second a call. And which services there are: moto lists its own folder with every request.
"""

from __future__ import annotations

from typing import Any

import moto.backends as moto_backends
import moto.ec2.models.tags as moto_tags
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from .filters import SPECIAL
from .patching import patch

_services = list(moto_backends.list_of_moto_modules())


@patch(moto_backends)
def list_of_moto_modules(original: Any) -> list[str]:
    return _services


@patch(moto_tags.TagBackend)
def describe_tags(original: Any, self: Any, filters: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
    ids = (filters or {}).get("resource-id", [])
    if len(filters or {}) != 1 or not ids or any(SPECIAL & set(one) for one in ids):
        return original(self, filters)
    return [
        {
            "resource_id": one,
            "key": key,
            "value": value,
            "resource_type": EC2_PREFIX_TO_RESOURCE.get(get_prefix(one), ""),
        }
        for one in dict.fromkeys(ids)
        # Not by index: that would make an entry of every id that was asked about.
        for key, value in self.tags.get(one, {}).items()
    ]
