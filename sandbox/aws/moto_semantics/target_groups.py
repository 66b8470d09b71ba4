"""Target groups: targets by id and port, with a health that a data plane reports.

A target comes and goes in phases, because a load balancer learns slowly: `registering` (no traffic, no checks yet),
`registered`, `leaving` (deregistered, and still given new connections for a while), `draining` (only those it has).
How long an NLB takes is nowhere promised; what people measured is in `sandbox/pace.ts`.
"""

from __future__ import annotations

import ipaddress
import itertools
from typing import Any

import moto.elbv2.models as moto_load_balancers
from moto.elbv2.exceptions import ELBClientError

from .events import emit
from .patching import patch
from .quotas import TARGET_GROUPS, is_exceeded
from .simulation import OPTIONS, TIMING, now

Backend, TargetGroup = moto_load_balancers.ELBv2Backend, moto_load_balancers.FakeTargetGroup

# (target group's name or "*", target id or "*", port) -> {"state", "reason"}; see POST /_sim/health.
_reported: dict[tuple[str, str, int], dict[str, Any]] = {}

# When which group's targets reach their next phase: then whoever looks at them should look again.
_turns: list[tuple[float, Any]] = []

# A target that was registered anew is checked anew.
_registrations = itertools.count(1)

DELAY = "deregistration_delay.timeout_seconds"


UNHEALTHY = "target_health_state.unhealthy."


def report_health(report: dict[str, Any]) -> None:
    name = (report.get("tg", "*"), report["id"], int(report.get("port", 0)))
    before = _reported.get(name)
    since = before["_since"] if before and before["state"] == report["state"] else now()
    _reported[name] = {**report, "_since": since}


def unhealthy_drain_seconds(group: Any) -> float | None:
    """For how long an unhealthy target keeps its connections; None: for as long as they last."""
    if str(group.attributes.get(f"{UNHEALTHY}connection_termination.enabled", "true")).lower() == "true":
        return 0
    return float(group.attributes.get(f"{UNHEALTHY}draining_interval_seconds", 0)) or None


def _is_draining(group: Any, report: dict[str, Any]) -> bool:
    seconds = unhealthy_drain_seconds(group)
    return report["state"] == "unhealthy" and seconds is not None and now() < report["_since"] + seconds


def _key(group: Any, target: dict[str, Any]) -> str:
    return f"{target['Id']}:{target.get('Port') or group.port}"


def _phase(target: dict[str, Any]) -> str:
    if "_leaves" in target:
        return "leaving" if now() < target["_leaves"] else "draining"
    return "registering" if now() < target["_ready"] else "registered"


def _draining(group: Any) -> list[dict[str, Any]]:
    return [target for target in group.deregistered_targets.values() if target["_until"] > now()]


def target_views(group: Any) -> list[dict[str, Any]]:
    """What a data plane needs to know of each."""
    return [
        {
            "id": target["Id"],
            "port": target["Port"],
            "phase": _phase(target),
            "registration": target["_registration"],
        }
        for target in (*group.targets.values(), *_draining(group))
    ]


def _emit_targets(group: Any) -> None:
    emit("targets", arn=group.arn, name=group.name, targets=target_views(group))


def announce_phases() -> None:
    for turn in [turn for turn in _turns if turn[0] <= now()]:
        _turns.remove(turn)
        _emit_targets(turn[1])


@patch(TargetGroup)
def register(original: Any, self: Any, targets: list[dict[str, Any]]) -> None:
    for target in targets:
        _check_target(self, target)
        key = _key(self, target)
        if key not in self.targets:
            port = int(target.get("Port") or self.port)
            ready = now() + TIMING["target_registration"]
            registration = next(_registrations)
            self.targets[key] = {"Id": target["Id"], "Port": port, "_ready": ready, "_registration": registration}
            _turns.append((ready, self))
            if OPTIONS.target_health == "reported":
                _reported.pop((self.name, target["Id"], port), None)
        self.deregistered_targets.pop(key, None)
    _emit_targets(self)


def _check_target(group: Any, target: dict[str, Any]) -> None:
    if group.target_type == "instance":
        instance = group.ec2_backend.get_instance_by_id(target["Id"])
        if not instance or instance.state != "running":
            message = f"The following targets are not in a running state and cannot be registered: '{target['Id']}'"
            raise ELBClientError("InvalidTarget", message)
    if group.target_type == "ip" and target.get("AvailabilityZone") != "all":
        ranges = group.ec2_backend.get_vpc(group.vpc_id).get_cidr_block_association_set()
        address = ipaddress.ip_address(target["Id"])
        # A VPC has several, and an association that has ended is still shown for a while.
        living = [one["cidr_block"] for one in ranges if one["cidr_block_state"]["state"] == "associated"]
        if not any(address in ipaddress.ip_network(one) for one in living):
            message = f"The IP address '{target['Id']}' is not within the VPC; AvailabilityZone must be 'all'"
            raise ELBClientError("ValidationError", message)


@patch(TargetGroup)
def deregister(original: Any, self: Any, targets: list[dict[str, Any]]) -> None:
    for target in targets:
        key = _key(self, target)
        removed = self.targets.pop(key, None)
        if removed:
            leaves = now() + TIMING["target_deregistration"]
            until = max(leaves, now() + min(TIMING["target_drain"], float(self.attributes[DELAY])))
            self.deregistered_targets[key] = {**removed, "_leaves": leaves, "_until": until}
            _turns.extend([(leaves, self), (until, self)])
    _emit_targets(self)


@patch(TargetGroup)
def deregister_terminated_instances(original: Any, self: Any, instance_ids: list[str]) -> None:
    self.deregister([target for target in list(self.targets.values()) if target["Id"] in instance_ids])


@patch(TargetGroup)
def health_for(original: Any, self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
    port = int(target.get("Port") or self.port)
    checked_port = str(port) if self.health_check_port == "traffic-port" else self.health_check_port
    state, reason, description = _health(self, target, port, ec2_backend)
    return moto_load_balancers.FakeHealthStatus(target["Id"], port, checked_port, state, reason, description)


def _health(group: Any, target: dict[str, Any], port: int, ec2_backend: Any) -> tuple[str, str | None, str | None]:
    key = _key(group, target)
    registered = group.targets.get(key)
    if not registered:
        if group.deregistered_targets.get(key, {}).get("_until", 0) > now():
            return "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
        return "unused", "Target.NotRegistered", "Target is not registered to the target group"
    if not moto_load_balancers.elbv2_backends[group.account_id][group.region_name]._any_listener_using(group.arn):
        message = "Target group is not configured to receive traffic from the load balancer"
        return "unused", "Target.NotInUse", message
    instance = ec2_backend.get_instance_by_id(target["Id"]) if group.target_type == "instance" else None
    if instance and instance.state != "running":
        return "unused", "Target.InvalidState", f"Target is in the {instance.state} state"
    if _phase(registered) == "registering":
        return "initial", "Elb.RegistrationInProgress", "Target registration is in progress"
    names = ((group.name, target["Id"], port), ("*", target["Id"], port), (group.name, "*", 0))
    report = next((_reported[name] for name in names if name in _reported), None)
    if report is None:
        if OPTIONS.target_health == "assumed":
            return "healthy", None, None
        return "initial", "Elb.InitialHealthChecking", "Initial health checks in progress"
    failed = "Target.FailedHealthChecks" if report["state"] == "unhealthy" else None
    state = "unhealthy.draining" if _is_draining(group, report) else report["state"]
    return state, report.get("reason") or failed, report.get("description")


@patch(Backend)
def describe_target_health(original: Any, self: Any, arn: str, targets: Any) -> Any:
    group = self.target_groups.get(arn)
    if not group:
        return original(self, arn, targets)
    known = targets or [*group.targets.values(), *_draining(group)]
    return [group.health_for(target, self.ec2_backend) for target in known]


# What the API accepts for a health check.
HEALTH_CHECK_RANGES = {
    "healthcheck_interval_seconds": (5, 300),
    "healthcheck_timeout_seconds": (2, 120),
    "healthy_threshold_count": (2, 10),
    "unhealthy_threshold_count": (2, 10),
}


def _check_health_check(wanted: dict[str, Any]) -> None:
    for setting, (least, most) in HEALTH_CHECK_RANGES.items():
        value = wanted.get(setting)
        if value is not None and not least <= int(value) <= most:
            message = f"Health check setting {setting} is {value}, and must be from {least} to {most}"
            raise ELBClientError("ValidationError", message)


@patch(Backend)
def create_target_group(original: Any, self: Any, name: str, **wanted: Any) -> Any:
    """AWS: the same settings again are a success; moto refuses every repetition."""
    _check_health_check(wanted)
    settings = (
        wanted.get("protocol"),
        str(wanted.get("port")),
        wanted.get("vpc_id"),
        wanted.get("target_type") or "instance",
    )
    for group in self.target_groups.values():
        if group.name == name and (group.protocol, str(group.port), group.vpc_id, group.target_type) == settings:
            return group
    if is_exceeded(TARGET_GROUPS, len(self.target_groups) + 1):
        raise ELBClientError("TooManyTargetGroups", "The maximum number of target groups has been reached")
    return original(self, name, **wanted)


@patch(Backend)
def describe_target_groups(original: Any, self: Any, load_balancer_arn: Any, target_group_arns: Any, names: Any) -> Any:
    """A load balancer without target groups has an empty list of them, which moto reports as an error."""
    if load_balancer_arn in self.load_balancers and not target_group_arns and not names:
        groups = [group for group in self.target_groups.values() if load_balancer_arn in group.load_balancer_arns]
        return sorted(groups, key=lambda group: group.name)
    return original(self, load_balancer_arn, target_group_arns, names)
