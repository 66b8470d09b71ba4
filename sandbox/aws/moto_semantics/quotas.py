"""Service Quotas: those that a cluster can meet, for moto knows those of VPC only, and enforces none.

Owns: what each is by default, to what it was raised, and whether something more goes beyond it. Who makes a thing asks
`is_exceeded` and refuses in its own service's words. The account is one whose quotas were raised for a thousand clusters: AWS's
own defaults end at fifty. One that was never raised has no value applied, which GetServiceQuota calls NoSuchResource, and
GetAWSDefaultServiceQuota knows (https://github.com/aws/aws-cli/issues/6629). `/_sim/quota` applies another value.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import moto.servicequotas.models as moto_quotas
import moto.servicequotas.responses as moto_responses
from moto.servicequotas.exceptions import NoSuchResource

from .patching import patch

STANDARD_CPUS = "L-1216C47A"
AUTO_SCALING_GROUPS = "L-CDE20ADC"
NETWORK_LOAD_BALANCERS = "L-69A177A2"
TARGET_GROUPS = "L-B22855CB"
SECURITY_GROUPS = "L-E79EC296"
RULES_PER_GROUP = "L-0EA8095F"
GROUPS_PER_INTERFACE = "L-2AFB9258"


@dataclass(frozen=True)
class Quota:
    service: str
    code: str
    name: str
    default: float
    raised: float | None = None


QUOTAS = (
    Quota("ec2", STANDARD_CPUS, "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5.0, 32_000.0),
    Quota("ebs", "L-7A658B76", "Storage for General Purpose SSD (gp3) volumes, in TiB", 50.0),
    Quota("autoscaling", AUTO_SCALING_GROUPS, "Auto Scaling groups per region", 500.0, 16_000.0),
    Quota("autoscaling", "L-6B80B8FA", "Launch configurations per region", 200.0),
    Quota("elasticloadbalancing", NETWORK_LOAD_BALANCERS, "Network Load Balancers per Region", 50.0, 2000.0),
    Quota("elasticloadbalancing", TARGET_GROUPS, "Target Groups per Region", 3000.0),
    Quota("vpc", SECURITY_GROUPS, "VPC security groups per Region", 2500.0, 16_000.0),
    Quota("vpc", RULES_PER_GROUP, "Inbound or outbound rules per security group", 60.0),
    Quota("vpc", GROUPS_PER_INTERFACE, "Security groups per network interface", 5.0),
)
_BY_CODE = {quota.code: quota for quota in QUOTAS}

# quota code -> the value that was applied
_applied: dict[str, float] = {quota.code: quota.raised for quota in QUOTAS if quota.raised is not None}


def set_quota(request: dict[str, Any]) -> dict[str, float]:
    if request["code"] not in _BY_CODE:
        raise ValueError(f"no such quota: {request['code']}; there are {', '.join(_BY_CODE)}")
    _applied[request["code"]] = float(request["value"])
    return _applied


def is_exceeded(code: str, count: float) -> bool:
    """Whether so many, with those that are to be made, are more than the account may have."""
    return count > _applied.get(code, _BY_CODE[code].default)


def _shown(quota: Quota, value: float) -> dict[str, Any]:
    return {
        "ServiceCode": quota.service,
        "ServiceName": quota.service,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


@patch(moto_quotas.ServiceQuotasBackend)
def list_aws_default_service_quotas(original: Any, self: Any, service_code: str) -> list[dict[str, Any]]:
    own = [_shown(quota, quota.default) for quota in QUOTAS if quota.service == service_code]
    of_moto = original(self, service_code) if service_code == "vpc" or not own else []
    known = {quota["QuotaCode"] for quota in own}
    return [*own, *(quota for quota in of_moto if quota["QuotaCode"] not in known)]


@patch(moto_quotas.ServiceQuotasBackend)
def get_service_quota(original: Any, self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
    """The value that was applied. Of quotas that moto alone knows none ever was."""
    quota = _BY_CODE.get(quota_code)
    if quota is None or quota.service != service_code or quota_code not in _applied:
        raise NoSuchResource
    return _shown(quota, _applied[quota_code])


def _get_aws_default_service_quota(self: Any) -> str:
    asked = json.loads(self.body)
    defaults = self.backend.list_aws_default_service_quotas(str(asked.get("ServiceCode")))
    found = next((quota for quota in defaults if quota["QuotaCode"] == asked.get("QuotaCode")), None)
    if found is None:
        raise NoSuchResource
    return json.dumps({"Quota": found})


moto_responses.ServiceQuotasResponse.get_aws_default_service_quota = _get_aws_default_service_quota
