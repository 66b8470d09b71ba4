"""Auto Scaling tries a launch template out before it takes it: a group is neither made with, nor changed to, one that EC2
would refuse. It says so in words of its own, in front of EC2's.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.exceptions import AutoscalingClientError
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidLaunchTemplateIdNotFound,
    InvalidLaunchTemplateVersionNotFound,
)

from .launch_checks import check_launch
from .visibility import is_visible, version_identity

REFUSED = "You must use a valid fully-formed launch template."


def try_template(ec2: Any, launch_template: dict[str, Any] | None, policy: dict[str, Any] | None) -> None:
    """`launch_template` and `policy` as a request names them; neither means that there is nothing to try."""
    named = (policy or {}).get("LaunchTemplate", {})
    specification = launch_template or named.get("LaunchTemplateSpecification")
    if not specification:
        return
    try:
        data = _version(ec2, specification).data
        for override in named.get("Overrides") or [{}]:
            check_launch(ec2, {**data, **override})
    except EC2ClientError as error:
        raise AutoscalingClientError("ValidationError", f"{REFUSED} {error.message}") from error


def _version(ec2: Any, specification: dict[str, Any]) -> Any:
    template_id = specification.get("LaunchTemplateId")
    if not template_id:
        template_id = ec2.get_launch_template_by_name(specification.get("LaunchTemplateName")).id
    template = ec2.launch_templates.get(template_id)
    if template is None or not is_visible(version_identity(template_id, 1)):
        raise InvalidLaunchTemplateIdNotFound(template_id)
    version = template.get_version(specification.get("Version") or "$Default")
    if not is_visible(version_identity(template_id, version.number)):
        raise InvalidLaunchTemplateVersionNotFound(str(version.number), template_id=template_id)
    return version
