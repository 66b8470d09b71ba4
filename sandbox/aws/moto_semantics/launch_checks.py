"""What EC2 refuses of a launch before anything is launched, and what it lets begin although it can't come to anything.

Owns: both lists. RunInstances asks (`instances.py`), so an auto scaling group's own launches do; and so does whoever makes or
changes a group (`auto_scaling.py`), for Auto Scaling tries a template out, and refuses one that EC2 would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import moto.ec2.utils as ec2_utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.iam.exceptions import NotFoundException

from .images import unknown_image
from .kms import trouble_with
from .quotas import STANDARD_CPUS, is_exceeded
from .tag_rules import check_metadata_tags
from .visibility import is_visible, profile_identity
from .volume_limits import check_volume

# Those whose processors the quota "Running On-Demand Standard instances" counts.
STANDARD_FAMILIES = re.compile(r"(a|c|d|h|i|im|is|m|r|t|z)\d")
# What EC2 writes into the state reason of an instance that it had to give up, by what is wrong with its volume's key:
# https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html
DEATHS = {
    "unusable": "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state",
    "missing": "Client.InternalError: Client error on launch",
}


def check_launch(backend: Any, data: dict[str, Any], tag_keys: Iterable[str] = ()) -> None:
    """`data` is as a launch template holds it, `tag_keys` are those besides. Raises what RunInstances would answer."""
    if data.get("KeyName") and data["KeyName"] not in backend.key_pairs:
        raise EC2ClientError("InvalidKeyPair.NotFound", f"The key pair '{data['KeyName']}' does not exist")
    if data.get("IamInstanceProfile"):
        _check_profile(backend, data["IamInstanceProfile"])
    for group in _groups(data):
        if backend.get_security_group_from_id(group) is None or not is_visible(group):
            raise EC2ClientError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
    if data.get("ImageId"):
        _check_architecture(backend, data["ImageId"], data.get("InstanceType"))
    for mapping in data.get("BlockDeviceMappings") or []:
        disk = mapping.get("Ebs") or {}
        if disk.get("VolumeSize") is not None:
            check_volume(disk.get("VolumeType"), disk["VolumeSize"], disk.get("Iops"), disk.get("Throughput"))
    own = [one for one in data.get("TagSpecifications") or [] if one["ResourceType"] == "instance"]
    keys = [tag["Key"] for one in own for tag in one.get("Tags") or []]
    check_metadata_tags(data.get("MetadataOptions") or {}, [*keys, *tag_keys])


def check_cpus(backend: Any, instance_type: str, count: int) -> None:
    """Not by trying a template: what an account may have is looked at when something is launched."""
    if not STANDARD_FAMILIES.match(instance_type):
        return
    living = [one for one in backend.all_instances() if one.state not in ("shutting-down", "terminated", "stopped")]
    types = [*(one.instance_type for one in living), *([instance_type] * count)]
    used = sum(_cpus(one) for one in types if STANDARD_FAMILIES.match(one))
    if is_exceeded(STANDARD_CPUS, used):
        message = (
            "You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the "
            "specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an "
            "adjustment to this limit."
        )
        raise EC2ClientError("VcpuLimitExceeded", message)


def _cpus(instance_type: str) -> int:
    known = INSTANCE_TYPES.get(instance_type)
    return known["VCpuInfo"]["DefaultVCpus"] if known else 0


def death_of(backend: Any, mappings: list[dict[str, Any]]) -> str | None:
    """Why an instance with these volumes dies as soon as it was begun; None when it doesn't."""
    keys = [(mapping.get("Ebs") or {}).get("KmsKeyId") for mapping in mappings]
    troubles = [trouble_with(backend.account_id, backend.region_name, key) for key in keys if key]
    return next((DEATHS[trouble] for trouble in troubles if trouble), None)


def _groups(data: dict[str, Any]) -> list[str]:
    of_interfaces = [group for nic in data.get("NetworkInterfaces") or [] for group in nic.get("Groups") or []]
    return [*(data.get("SecurityGroupIds") or []), *of_interfaces]


def _check_profile(backend: Any, profile: dict[str, Any]) -> None:
    if _has_profile(backend, profile):
        return
    kind, value = ("arn", profile["Arn"]) if profile.get("Arn") else ("name", profile.get("Name"))
    shown = "ARN" if kind == "arn" else kind
    message = f"Value ({value}) for parameter iamInstanceProfile.{kind} is invalid. Invalid IAM Instance Profile {shown}"
    raise EC2ClientError("InvalidParameterValue", message)


def _has_profile(backend: Any, profile: dict[str, Any]) -> bool:
    try:
        found = ec2_utils.filter_iam_instance_profiles(
            backend.account_id,
            partition=backend.partition,
            iam_instance_profile_arn=profile.get("Arn"),
            iam_instance_profile_name=profile.get("Name"),
        )
    except NotFoundException:
        return False
    return found is not None and is_visible(profile_identity(backend.account_id, found.name))


def _check_architecture(backend: Any, image_id: str, instance_type: str | None) -> None:
    images = backend.describe_images(filters={"image-id": [image_id]})
    if not images:
        raise unknown_image(image_id)
    image, known = images[0].architecture, INSTANCE_TYPES.get(instance_type or "")
    supported = known["ProcessorInfo"]["SupportedArchitectures"] if known else []
    if image and supported and image not in supported:
        message = (
            f"The architecture '{','.join(supported)}' of the specified instance type does not match the architecture "
            f"'{image}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and "
            "try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the "
            "instance type or AMI."
        )
        raise EC2ClientError("InvalidParameterValue", message)
