"""Losses: volumes that fail, and interfaces that somebody takes away. EC2's own API would ask who may."""

from __future__ import annotations

from typing import Any

import moto.ec2.models as ec2_models


class NotThere(Exception):
    pass


def _backends() -> list[Any]:
    return [backend for account in list(ec2_models.ec2_backends.values()) for backend in list(account.values())]


def lose_volume(volume_id: str) -> dict[str, Any]:
    """A disk that fails is gone at once, also under a running instance."""
    for backend in _backends():
        volume = backend.volumes.get(volume_id)
        if volume is None:
            continue
        holder = volume.attachment.instance.id if volume.attachment else None
        if holder:
            backend.detach_volume(volume_id, holder, volume.attachment.device)
        backend.delete_volume(volume_id)
        return {"id": volume_id, "instance": holder}
    raise NotThere(f"there is no volume {volume_id}")


def detach_interface(eni_id: str) -> dict[str, Any]:
    for backend in _backends():
        eni = backend.enis.get(eni_id)
        if eni is None:
            continue
        if not eni.attachment_id or not eni.instance:
            raise ValueError(f"{eni_id} is attached to no instance")
        holder = eni.instance.id
        backend.detach_network_interface(eni.attachment_id)
        return {"id": eni_id, "instance": holder}
    raise NotThere(f"there is no network interface {eni_id}")
