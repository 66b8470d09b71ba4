"""EC2's tags: those of what is deleted go with it. moto keeps them for ever, and lists them as if the thing were there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import moto.ec2.models as ec2_models

from .patching import patch


def _take_tags_along(method: str, id_of: Callable[..., str]) -> None:
    """`id_of` gets what the method answered, and its arguments."""

    @patch(ec2_models.EC2Backend, method)
    def delete(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        deleted = original(self, *args, **kwargs)
        self.tags.pop(id_of(deleted, *args, **kwargs), None)
        return deleted


_take_tags_along("delete_volume", lambda _, volume_id: volume_id)
_take_tags_along("delete_network_interface", lambda _, eni_id: eni_id)
_take_tags_along("_delete_security_group", lambda _, vpc_id, group_id: group_id)
_take_tags_along("delete_launch_template", lambda template, name, tid: template.id)
_take_tags_along("delete_subnet", lambda _, subnet_id: subnet_id)
