"""EBS volumes: creating and attaching take time, and a volume is on one instance of its own zone."""

from __future__ import annotations

from typing import Any

import moto.ec2.models as ec2_models
import moto.ec2.models.elastic_block_store as moto_volumes
from moto.ec2.exceptions import EC2ClientError

from .events import emit
from .network import ATTACHABLE_STATES
from .patching import patch
from .simulation import TIMING, is_internal, now


def _volume_status(volume: Any) -> str:
    if volume.attachment:
        return "in-use"
    return "creating" if now() < getattr(volume, "_ready_at", 0) else "available"


def _attachment_status(attachment: Any) -> str:
    if attachment._status == "attached" and now() < attachment._attached_at:
        return "attaching"
    return attachment._status


def _set_attachment_status(attachment: Any, status: str) -> None:
    attachment._status = status
    attachment._attached_at = now() + (0 if is_internal() else TIMING["volume_attach"])


moto_volumes.Volume.status = property(_volume_status)
moto_volumes.VolumeAttachment.status = property(_attachment_status, _set_attachment_status)


@patch(ec2_models.EC2Backend)
def create_volume(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    volume = original(self, *args, **kwargs)
    volume._ready_at = 0 if is_internal() else now() + TIMING["volume_create"]
    return volume


@patch(ec2_models.EC2Backend)
def attach_volume(
    original: Any, self: Any, volume_id: str, instance_id: str, device: str, delete_on_termination: bool = False
) -> Any:
    if is_internal():
        return original(self, volume_id, instance_id, device, delete_on_termination)
    _check_attachable(self.get_volume(volume_id), self.get_instance(instance_id), device)
    attachment = original(self, volume_id, instance_id, device, delete_on_termination)
    emit("volume-attached", volume=volume_id, instance=instance_id, device=device)
    return attachment


def _check_attachable(volume: Any, instance: Any, device: str) -> None:
    if volume.attachment:
        raise EC2ClientError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.status != "available":
        raise EC2ClientError("IncorrectState", f"Volume '{volume.id}' is not 'available'.")
    if instance.state not in ATTACHABLE_STATES:
        raise EC2ClientError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.availability_zone != instance.availability_zone:
        message = f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'"
        raise EC2ClientError("InvalidVolume.ZoneMismatch", message)
    if device in instance.block_device_mapping:
        message = f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"
        raise EC2ClientError("InvalidParameterValue", message)


@patch(ec2_models.EC2Backend)
def detach_volume(original: Any, self: Any, volume_id: str, instance_id: str | None, device: str | None) -> Any:
    volume = self.get_volume(volume_id)
    if not volume.attachment:
        raise EC2ClientError("IncorrectState", f"Volume '{volume_id}' is in the 'available' state.")
    attachment = original(self, volume_id, instance_id or volume.attachment.instance.id, device)
    emit("volume-detached", volume=volume_id, instance=attachment.instance.id)
    return attachment
