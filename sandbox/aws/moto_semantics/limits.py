"""AWS's static limits of volumes and tags. moto takes what EBS and Elastic Load Balancing refuse, and refuses what they take.

The numbers are `limits.json`, written from `api/aws-limits.ts` by `npm run generate`: admission and this double go by the same.
"""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import moto.ec2.models as ec2_models
import moto.elbv2.models as moto_load_balancers
from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import TooManyTagsError, ValidationError

from .patching import patch

LIMITS = json.loads((Path(__file__).parent / "limits.json").read_text())
VOLUMES = LIMITS["volumes"]
TAGS = LIMITS["tags"]

# What AWS itself puts on the machines of a group.
OF_AWS = ("aws:autoscaling:", "aws:ec2launchtemplate:", "aws:cloudformation:")


def _refuse(message: str) -> None:
    raise EC2ClientError("InvalidParameterValue", message)


def _check_between(what: str, value: float, limits: dict[str, int]) -> None:
    if not limits["least"] <= value <= limits["most"]:
        _refuse(f"{what} of {value} is not between {limits['least']} and {limits['most']}.")


def _check_volume(volume_type: str, size: int, iops: int | None, throughput: int | None) -> None:
    limits = VOLUMES.get(volume_type)
    if limits is None:
        return
    _check_between(f"Volume size for {volume_type}", size, limits["sizeGiB"])
    if iops is not None and "iops" in limits:
        own = limits["iops"]
        _check_between(f"Volume iops for {volume_type}", iops, own)
        if iops > own.get("baseline", 0) and iops > size * own["perGiB"]:
            _refuse(f"Iops to volume size ratio of {iops / size} is too high; maximum is {own['perGiB']}.")
    if throughput is not None and "throughput" in limits:
        own = limits["throughput"]
        _check_between(f"Volume throughput for {volume_type}", throughput, own)
        if throughput * own["iopsPerMiB"] > (iops or limits["iops"]["baseline"]):
            _refuse(f"Throughput (MiBps) to iops ratio of {throughput / (iops or 1)} is too high.")


@patch(ec2_models.EC2Backend)
def create_volume(original: Any, self: Any, size: Any, zone_name: str, *args: Any, **kwargs: Any) -> Any:
    # A volume of a snapshot has its size.
    if size:
        kind = kwargs.get("volume_type") or "gp2"
        iops, throughput = kwargs.get("iops"), kwargs.get("throughput")
        _check_volume(kind, int(size), iops and int(iops), throughput and int(throughput))
    return original(self, size, zone_name, *args, **kwargs)


@patch(ec2_models.EC2Backend)
def modify_volume(
    original: Any,
    self: Any,
    volume_id: str,
    target_size: Any = None,
    target_volume_type: str | None = None,
    target_iops: Any = None,
    target_throughput: Any = None,
    *others: Any,
    **more: Any,
) -> Any:
    volume = self.get_volume(volume_id)
    kind = target_volume_type or volume.volume_type
    kept = kind == volume.volume_type
    iops = target_iops or (volume.iops if kept else None)
    throughput = target_throughput or (volume.throughput if kept else None)
    _check_volume(kind, int(target_size or volume.size), iops and int(iops), throughput and int(throughput))
    wanted = (target_size, target_volume_type, target_iops, target_throughput)
    return original(self, volume_id, *wanted, *others, **more)


@patch(ec2_models.EC2Backend)
def create_tags(original: Any, self: Any, resource_ids: list[str], tags: dict[str, str]) -> Any:
    for key in tags:
        if key.lower().startswith(TAGS["reservedPrefix"]) and not key.startswith(OF_AWS):
            _refuse(f"Tag keys starting with 'aws:' are reserved for internal use: {key}")
    return original(self, resource_ids, tags)


def _is_taken(text: str) -> bool:
    return all(unicodedata.category(one)[0] in TAGS["categories"] or one in TAGS["others"] for one in text)


def _check_tags(tags: list[dict[str, str]] | None) -> None:
    for tag in tags or []:
        key, value = tag["Key"], tag.get("Value") or ""
        if not 1 <= len(key) <= TAGS["longestKey"] or not _is_taken(key):
            raise ValidationError(f"Tag key '{key}' does not meet the requirements of a tag key")
        if len(value) > TAGS["longestValue"] or not _is_taken(value):
            raise ValidationError(f"Tag value '{value}' does not meet the requirements of a tag value")
        if key.lower().startswith(TAGS["reservedPrefix"]):
            raise ValidationError(f"Tag key '{key}' starts with a reserved prefix")
    if len(tags or []) > TAGS["most"]:
        raise TooManyTagsError()


def _checking_tags(method: str) -> None:
    @patch(moto_load_balancers.ELBv2Backend, method)
    def create(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        _check_tags(kwargs.get("tags"))
        return original(self, *args, **kwargs)


for _method in ("create_load_balancer", "create_target_group", "create_listener"):
    _checking_tags(_method)


@patch(moto_load_balancers.ELBv2Backend)
def add_tags(_: Any, self: Any, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
    """moto allows ten tags, as Elastic Load Balancing once did."""
    _check_tags(tags)
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
        existing = self.tagging_service.get_tag_dict_for_resource(arn)
        if len({*existing, *(tag["Key"] for tag in tags)}) > TAGS["most"]:
            raise TooManyTagsError()
        self.tagging_service.tag_resource(arn, tags)
