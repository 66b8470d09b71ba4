"""One call at a time, each client token once, every list in pages, and ids that can be chosen.

All of EC2, Auto Scaling, ELBv2 and classic ELB pass `BaseResponse.call_action`, so one patch serves every action.
"""

from __future__ import annotations

import collections
import json
from typing import Any

import moto.core.responses as core_responses
import moto.ec2.responses as ec2_responses
import moto.ec2.utils as ec2_utils
from moto.autoscaling.exceptions import AutoscalingClientError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError
from moto.elbv2.exceptions import ELBClientError
from moto.iam.models import get_account_id_from

from .faults import take_fault
from .patching import patch
from .simulation import LOCK, OPTIONS
from .tag_rules import check_tags
from .unseen import refusal, without_unseen

LOCKED_SERVICES = {"ec2", "autoscaling", "elbv2", "elb"}
REMEMBERED_TOKENS = 5000

_answers: collections.OrderedDict[tuple[Any, ...], tuple[str, int, dict[str, Any], Any]] = collections.OrderedDict()
_chosen_ids: dict[str, list[str]] = collections.defaultdict(list)


@patch(core_responses.BaseResponse)
def get_current_account(original: Any, self: Any) -> str:
    """moto lets the environment outrank the request, which would leave room for one account only."""
    if "x-moto-account-id" in self.headers:
        return self.headers["x-moto-account-id"]
    account = get_account_id_from(self.get_access_key())
    return OPTIONS.account if account == DEFAULT_ACCOUNT_ID else account


@patch(core_responses.BaseResponse)
def call_action(original: Any, self: Any) -> Any:
    service, action = self.service_name, self._get_action()
    if service not in LOCKED_SERVICES:
        return original(self)
    parameters = {key: value[0] if isinstance(value, list) else value for key, value in self.querystring.items()}
    with LOCK:
        fault = take_fault(action, parameters)
        if fault and not fault.get("after"):
            return _error(self, fault["code"], fault.get("message"), fault.get("status"))
        try:
            check_tags(service, self)
        except ServiceException as refused:
            return _error(self, refused.code, refused.message)
        unknown = refusal(action, parameters)
        if unknown:
            return _error(self, *unknown)
        # Auto Scaling and load balancing know no client tokens: their creates are idempotent by name.
        token = parameters.get("ClientToken") if service == "ec2" else None
        answer = _once(original, self, action, token, parameters) if token else _run(original, self)
        if fault:
            return _error(self, fault["code"], fault.get("message"), fault.get("status") or 503)
        return (*answer[:2], without_unseen(answer[2])) if action.startswith("Describe") else answer


def _once(original: Any, self: Any, action: str, token: str, parameters: dict[str, Any]) -> Any:
    """The same token with the same parameters gives the first answer again; with others it is refused."""
    key = (self.current_account, self.region, action, token)
    meaning = {name: value for name, value in parameters.items() if name not in ("ClientToken", "Version")}
    signature = json.dumps(meaning, sort_keys=True, default=str)
    if key in _answers:
        if _answers[key][0] != signature:
            message = (
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."
            )
            return _error(self, "IdempotentParameterMismatch", message)
        return _answers[key][1:]
    status, headers, body = _run(original, self)
    if status < 300:
        _answers[key] = (signature, status, dict(headers), body)
        if len(_answers) > REMEMBERED_TOKENS:
            _answers.popitem(last=False)
    return status, headers, body


def _run(original: Any, self: Any) -> Any:
    try:
        return original(self)
    except NotImplementedError as error:
        # moto would answer 500 with HTML, which SDKs retry and then cannot parse.
        return _error(self, "SimNotImplemented", str(error))


def _error(self: Any, code: str, message: str | None, status: int | None = None) -> Any:
    kind = {"ec2": EC2ClientError, "autoscaling": AutoscalingClientError}.get(self.service_name, ELBClientError)
    answered, headers, body = self.serialized(core_responses.ActionResult(kind(code, message or code)))
    return status or answered, headers, body


PAGED = {
    "DescribeVolumes",
    "DescribeSecurityGroups",
    "DescribeSecurityGroupRules",
    "DescribeNetworkInterfaces",
    "DescribeLaunchTemplates",
    "DescribeSubnets",
    "DescribeVpcs",
    "DescribeRouteTables",
    "DescribeTags",
}


@patch(ec2_responses.EC2Response)
def serialized(original: Any, self: Any, action_result: Any) -> Any:
    """moto ignores MaxResults and NextToken here: a client that forgets to page would never be found out."""
    result = action_result.result
    if self._get_action() in PAGED and isinstance(result, dict):
        size = int(self._get_param("MaxResults", 0) or 0)
        start = int(self._get_param("NextToken", 0) or 0)
        for name, values in list(result.items()):
            if isinstance(values, list) and (size or start):
                end = start + (size or 1000)
                result[name] = values[start:end]
                result["NextToken"] = str(end) if end < len(values) else None
    return original(self, action_result)


def choose_ids(ids: list[str]) -> None:
    """The next resource of each id's kind gets that id."""
    for chosen in ids:
        _chosen_ids[chosen.rsplit("-", 1)[0]].append(chosen)


@patch(ec2_utils)
def random_id(original: Any, prefix: str = "", size: int = 17) -> str:
    return _chosen_ids[prefix].pop(0) if _chosen_ids[prefix] else original(prefix, size)
