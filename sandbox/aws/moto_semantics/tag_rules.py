"""What may be a tag, service by service: EC2 takes almost anything, load balancing does not.

Owns: lengths, characters, the reserved prefix, how many there may be, and in whose words each is refused. `idempotency.py`
asks before a call is carried out, since a resource whose tags are refused is not made either. Sources:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions,
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Tag.html, and
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Tag.html.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import moto.autoscaling.models as moto_groups
import moto.ec2.models as ec2_models
import moto.elb.models as classic
import moto.elbv2.models as moto_load_balancers
from moto.autoscaling.exceptions import AutoscalingClientError
from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import ELBClientError, TooManyTagsError

from .patching import patch

# Written from `api/aws-limits.ts` by `npm run generate`: admission and this double go by the same.
LIMITS = json.loads((Path(__file__).parent / "limits.json").read_text())["tags"]
MOST = LIMITS["most"]
LONGEST_KEY, LONGEST_VALUE = LIMITS["longestKey"], LIMITS["longestValue"]
RESERVED = LIMITS["reservedPrefix"]
# Letters, numbers and blanks of every script, and these.
BALANCER_PATTERN = r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$"
BALANCER_CATEGORIES, BALANCER_SIGNS = LIMITS["categories"], LIMITS["others"]
METADATA_KEY = re.compile(r"[0-9a-zA-Z\-_+=,.@:]{1,255}")
METADATA_RESERVED = (".", "..", "_index")

Tag = tuple[str, str]


def check_tags(service: str, response: Any) -> None:
    """Raises what the service answers to a request with such tags."""
    if service == "ec2":
        for tags in _of_ec2(response):
            _check(tags, _refuse_ec2)
    elif service == "autoscaling":
        _check_group_tags(_given(response._get_param("Tags", [])))
    elif service in ("elbv2", "elb"):
        _check_balancer_tags(_given(response._get_param("Tags", [])))


def _given(tags: Any) -> list[Tag]:
    return [(tag["Key"], tag.get("Value") or "") for tag in tags or [] if isinstance(tag, dict) and "Key" in tag]


def _of_ec2(response: Any) -> Iterable[list[Tag]]:
    if response._get_action() == "CreateTags":
        yield _given(response._get_param("Tags", []))
    for name in ("TagSpecification", "TagSpecifications"):
        specifications = response._get_param(name, [])
        for one in specifications if isinstance(specifications, list) else []:
            yield _given(one.get("Tags"))


def _refuse_ec2(message: str, code: str = "InvalidParameterValue") -> Exception:
    return EC2ClientError(code, message)


def _check(tags: list[Tag], refused: Any) -> None:
    for key, value in tags:
        if key.lower().startswith(RESERVED):
            raise refused("Tag keys starting with 'aws:' are reserved for internal use")
        if not 0 < len(key) <= LONGEST_KEY:
            raise refused(f"Tag key exceeds the maximum length of {LONGEST_KEY} characters" if key else "Tag key is empty")
        if len(value) > LONGEST_VALUE:
            raise refused(f"Tag value exceeds the maximum length of {LONGEST_VALUE} characters")
        if sum(1 for other, _ in tags if other == key) > 1:
            raise refused(f"Duplicate tag key '{key}' specified.")
    if len(tags) > MOST:
        raise refused(f"More than {MOST} tags specified", "TagLimitExceeded")


def _check_group_tags(tags: list[Tag]) -> None:
    """Each names its group, so that one key may come twice."""
    for tag in tags:
        _check([tag], lambda message, code="ValidationError": AutoscalingClientError(code, message))


def _check_balancer_tags(tags: list[Tag]) -> None:
    for number, (key, value) in enumerate(tags, 1):
        for part, text in (("key", key), ("value", value)):
            if not all(unicodedata.category(sign)[0] in BALANCER_CATEGORIES or sign in BALANCER_SIGNS for sign in text):
                message = (
                    f"1 validation error detected: Value '{text}' at 'tags.{number}.member.{part}' failed to satisfy "
                    f"constraint: Member must satisfy regular expression pattern: {BALANCER_PATTERN}"
                )
                raise ELBClientError("ValidationError", message)
    if len(tags) > MOST:
        raise TooManyTagsError()
    keys = [key for key, _ in tags]
    if len(set(keys)) < len(keys):
        raise ELBClientError("DuplicateTagKeys", "A tag key was specified more than once")
    _check(tags, lambda message, code="ValidationError": ELBClientError(code, message))


def check_metadata_tags(options: dict[str, Any], keys: Iterable[str]) -> None:
    """An instance that shows its tags in its metadata has none that could be no part of a path there."""
    if options.get("InstanceMetadataTags") != "enabled":
        return
    for key in keys:
        if key in METADATA_RESERVED or not METADATA_KEY.fullmatch(key):
            message = (
                f"'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), and must "
                "not be a reserved name ('.', '..', '_index')"
            )
            raise EC2ClientError("InvalidParameterValue", message)


@patch(ec2_models.EC2Backend)
def create_tags(original: Any, self: Any, resource_ids: list[str], tags: dict[str, str]) -> Any:
    for instance in self.all_instances() if any(one.startswith("i-") for one in resource_ids) else []:
        if instance.id in resource_ids:
            shown = {"InstanceMetadataTags": instance.metadata_options.instance_metadata_tags}
            check_metadata_tags(shown, tags)
    return original(self, resource_ids, tags)


@patch(moto_load_balancers.ELBv2Backend)
def add_tags(original: Any, self: Any, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
    """moto allows ten."""
    added = self.tagging_service.flatten_tag_list(tags)
    for arn in resource_arns:
        self._get_resource_by_arn(arn)
        if len({**self.tagging_service.get_tag_dict_for_resource(arn), **added}) > MOST:
            raise TooManyTagsError()
    for arn in resource_arns:
        self.tagging_service.tag_resource(arn, tags)


@patch(classic.LoadBalancer)
def add_tag(original: Any, self: Any, key: str, value: str) -> None:
    if len({**self.tags, key: value}) > MOST:
        raise TooManyTagsError()
    self.tags[key] = value


@patch(moto_groups.AutoScalingBackend)
def create_or_update_tags(original: Any, self: Any, tags: list[dict[str, str]]) -> Any:
    for name in {tag["ResourceId"] for tag in tags}:
        group = self.autoscaling_groups.get(name)
        if group is None:
            message = f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"
            raise AutoscalingClientError("ValidationError", message)
        keys = {tag["Key"] for tag in group.tags} | {tag["Key"] for tag in tags if tag["ResourceId"] == name}
        if len(keys) > MOST:
            raise AutoscalingClientError("LimitExceeded", f"AutoScalingGroup '{name}' has more than {MOST} tags")
    return original(self, tags)
