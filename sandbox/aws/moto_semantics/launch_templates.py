"""Launch templates: every version keeps what it was given, and a version is found by its number."""

from __future__ import annotations

import sys
from typing import Any

import moto.core.responses as core_responses
import moto.ec2.models as ec2_models
import moto.ec2.models.launch_templates as moto_templates
import moto.ec2.responses as ec2_responses
import moto.ec2.responses.launch_templates as moto_responses
import moto.ec2.utils as ec2_utils
from moto.ec2.exceptions import InvalidLaunchTemplateIdNotFound

from .patching import patch
from .visibility import made, version_identity


@patch(moto_templates.LaunchTemplateVersion, "__init__")
def _version(original: Any, self: Any, template: Any, number: int, data: dict[str, Any], description: str) -> None:
    """moto parses the user data of version 1 only; a launch from a later version would be an HTTP 500."""
    if isinstance(data.get("UserData"), (str, bytes)):
        data["UserData"] = ec2_utils.parse_user_data(data["UserData"])
    original(self, template, number, data, description)


# moto answers with the tags that a template was made with, whatever was tagged later.
moto_templates.LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, tags: None)


@patch(moto_templates.LaunchTemplate)
def get_version(original: Any, self: Any, number: Any) -> Any:
    """By number, not by position: versions can be deleted."""
    wanted = str(number).lower()
    if wanted in ("$latest", "$default"):
        return original(self, number)
    for version in self.versions:
        if str(version.number) == wanted:
            return version
    raise moto_templates.InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=number)


@patch(moto_templates.LaunchTemplate)
def default_version(original: Any, self: Any) -> Any:
    return self.get_version(self.default_version_number)


@patch(moto_templates.LaunchTemplate)
def create_version(original: Any, self: Any, data: dict[str, Any], description: str) -> Any:
    """A number is never used again. The first version comes with its template, and every later one is late by itself."""
    number = getattr(self, "_highest", 0) + 1
    self._highest = number
    version = moto_templates.LaunchTemplateVersion(self, number, data, description)
    self.versions.append(version)
    made(version_identity(self.id, number))
    return version


@patch(ec2_models.EC2Backend)
def describe_launch_templates(
    original: Any, self: Any, template_names: Any = None, template_ids: Any = None, filters: Any = None
) -> Any:
    for template_id in template_ids or []:
        if template_id not in self.launch_templates:
            raise InvalidLaunchTemplateIdNotFound(template_id)
    return original(self, template_names, template_ids, filters)


def _template_of(response: Any) -> Any:
    backend, template_id = response.ec2_backend, response._get_param("LaunchTemplateId")
    if template_id:
        return backend.get_launch_template(template_id)
    return backend.get_launch_template_by_name(response._get_param("LaunchTemplateName"))


@patch(ec2_responses.EC2Response)
def create_launch_template_version(original: Any, self: Any) -> Any:
    """SourceVersion: what the new version does not say is taken from that one."""
    source = self._get_param("SourceVersion")
    data = self.params.get("LaunchTemplateData") if hasattr(self.params, "get") else None
    if source and data is not None:
        for name, value in _template_of(self).get_version(source).data.items():
            data.setdefault(name, str(value) if name == "UserData" and value else value)
    return original(self)


@patch(moto_responses.LaunchTemplates)
def delete_launch_template_versions(original: Any, self: Any) -> Any:
    template = _template_of(self)
    deleted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for number in self._get_param("Versions", []):
        found = next((version for version in template.versions if str(version.number) == str(number)), None)
        row = {
            "LaunchTemplateId": template.id,
            "LaunchTemplateName": template.name,
            "VersionNumber": int(number),
        }
        if found is None:
            error = {"Code": "launchTemplateVersionDoesNotExist", "Message": f"Version {number} does not exist"}
            refused.append({**row, "ResponseError": error})
        elif template.is_default(found):
            error = {"Code": "unexpectedError", "Message": "The default version cannot be deleted"}
            refused.append({**row, "ResponseError": error})
        else:
            template.versions.remove(found)
            deleted.append(row)
    return core_responses.ActionResult(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": deleted,
            "UnsuccessfullyDeletedLaunchTemplateVersions": refused,
        }
    )


@patch(moto_responses.LaunchTemplates)
def _get_int_param(original: Any, self: Any, name: str, default: Any = None) -> Any:
    """moto cuts the list after so many and gives no token for the rest: all are on one page."""
    return sys.maxsize if name == "MaxResults" and default == 15 else original(self, name, default)
