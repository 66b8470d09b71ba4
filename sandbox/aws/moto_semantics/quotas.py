"""Service Quotas: the few that a cluster can meet, for moto knows those of VPC only.

The account is one whose quotas were raised for a thousand clusters: AWS's own defaults, 1152 virtual CPUs and 50 network load
balancers, end at fifty. `/_sim/quota` sets another value. It is read only: nothing here enforces it.
"""

from __future__ import annotations

from typing import Any

import moto.servicequotas.models as moto_quotas

from .patching import patch

# service -> (code, name, value)
QUOTAS = {
    "ec2": [("L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 32_000.0)],
    "ebs": [("L-7A658B76", "Storage for General Purpose SSD (gp3) volumes, in TiB", 50.0)],
    "autoscaling": [
        ("L-CDE20ADC", "Auto Scaling groups per region", 500.0),
        ("L-6B80B8FA", "Launch configurations per region", 200.0),
    ],
    "elasticloadbalancing": [
        ("L-69A177A2", "Network Load Balancers per Region", 2_000.0),
        ("L-B22855CB", "Target Groups per Region", 3000.0),
    ],
}


# quota code -> the value that was set instead of the default
_SET: dict[str, float] = {}


def set_quota(request: dict[str, Any]) -> dict[str, float]:
    known = [code for quotas in QUOTAS.values() for code, _, _ in quotas]
    if request["code"] not in known:
        raise ValueError(f"no such quota: {request['code']}; there are {', '.join(known)}")
    _SET[request["code"]] = float(request["value"])
    return _SET


def _quotas_of(service: str) -> list[dict[str, Any]]:
    return [
        {
            "ServiceCode": service,
            "ServiceName": service,
            "QuotaCode": code,
            "QuotaName": name,
            "Value": _SET.get(code, value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        for code, name, value in QUOTAS.get(service, [])
    ]


@patch(moto_quotas.ServiceQuotasBackend)
def list_aws_default_service_quotas(original: Any, self: Any, service_code: str) -> list[dict[str, Any]]:
    return _quotas_of(service_code) or original(self, service_code)


@patch(moto_quotas.ServiceQuotasBackend)
def get_service_quota(original: Any, self: Any, service_code: str, quota_code: str) -> dict[str, Any]:
    found = next((quota for quota in _quotas_of(service_code) if quota["QuotaCode"] == quota_code), None)
    return found or original(self, service_code, quota_code)
