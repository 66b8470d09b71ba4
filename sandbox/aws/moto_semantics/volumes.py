"""EBS volumes: creating and attaching take time, and a volume is on one instance of its own zone.

One that can't be encrypted is made all the same: CreateVolume answers, and the volume fails a moment later. "If you specify a
key that is not valid, the action can appear to complete, but eventually fails", says
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html; what people saw was a volume that lives for a
couple of seconds and is then gone without a word (https://github.com/kubernetes/kubernetes/issues/48438). EBS has the state
`error`, too. Here a key that is there but can't be used ends in `error`, and one that isn't there makes the volume vanish.
"""

from __future__ import annotations

from typing import Any

import moto.ec2.models as ec2_models
import moto.ec2.models.elastic_block_store as moto_volumes
from moto.ec2.exceptions import EC2ClientError

from .events import emit
from .faults import take_fault
from .kms import trouble_with
from .network import ATTACHABLE_STATES
from .patching import patch
from .simulation import TIMING, is_internal, now
from .volume_limits import check_volume

# How a volume ends that can't be encrypted, by what is wrong with its key.
END_BY_TROUBLE = {"unusable": "error", "missing": "vanishes"}


def _volume_status(volume: Any) -> str:
    if volume.attachment:
        return "in-use"
    if now() < getattr(volume, "_ready_at", 0):
        return "creating"
    return "error" if getattr(volume, "_end", None) == "error" else "available"


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
    """moto's own calls name size and zone by position and ask for nothing that could be refused."""
    if is_internal():
        return original(self, *args, **kwargs)
    check_volume(kwargs.get("volume_type"), kwargs.get("size"), kwargs.get("iops"), kwargs.get("throughput"))
    volume = original(self, *args, **kwargs)
    volume._ready_at = now() + TIMING["volume_create"]
    volume._end = _end_of(volume)
    return volume


def _end_of(volume: Any) -> str | None:
    fault = take_fault("volume", {"zone": volume.availability_zone, "type": volume.volume_type})
    if fault:
        return fault["end"]
    backend = volume.ec2_backend
    trouble = trouble_with(backend.account_id, backend.region_name, volume.kms_key_id) if volume.kms_key_id else None
    return END_BY_TROUBLE[trouble] if trouble else None


def end_failed_volumes(backend: Any) -> None:
    """Those that vanish go when they would have become available."""
    for volume in list(backend.volumes.values()):
        if getattr(volume, "_end", None) == "vanishes" and now() >= volume._ready_at:
            backend.delete_volume(volume.id)


@patch(ec2_models.EC2Backend)
def modify_volume(original: Any, self: Any, volume_id: str, target_size: Any = None, *args: Any, **kwargs: Any) -> Any:
    volume = self.get_volume(volume_id)
    kind, iops, throughput, *_ = (*args, None, None, None)
    if target_size is not None and int(target_size) < int(volume.size):
        raise EC2ClientError("InvalidParameterValue", "New size cannot be smaller than existing size")
    kept = kind is None or kind == volume.volume_type
    check_volume(
        kind or volume.volume_type,
        target_size or volume.size,
        iops or (volume.iops if kept else None),
        throughput or (volume.throughput if kept else None),
    )
    return original(self, volume_id, target_size, *args, **kwargs)


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
