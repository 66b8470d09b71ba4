"""Security groups: none is deleted while something refers to it, and rules are authorised all or none."""

from __future__ import annotations

from typing import Any

import moto.core.responses as core_responses
import moto.ec2.models as ec2_models
import moto.ec2.models.security_groups as moto_groups
import moto.ec2.responses as ec2_responses
from moto.ec2.exceptions import (
    EC2ClientError,
    InvalidSecurityGroupNotFoundError,
    RulesPerSecurityGroupLimitExceededError,
)
from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends

from .events import emit
from .patching import patch
from .quotas import RULES_PER_GROUP, SECURITY_GROUPS, is_exceeded
from .simulation import is_internal
from .visibility import is_visible

TERMINATED = 48
PROTOCOLS_WITH_PORTS = ("tcp", "udp", "icmp", "icmpv6", "6", "17", "1", "58")


@patch(ec2_models.EC2Backend)
def create_security_group(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    count = sum(len(groups) for groups in self.groups.values())
    if not is_internal() and is_exceeded(SECURITY_GROUPS, count + 1):
        message = "The maximum number of security groups has been reached."
        raise EC2ClientError("SecurityGroupLimitExceeded", message)
    return original(self, *args, **kwargs)


@patch(ec2_models.EC2Backend)
def _delete_security_group(original: Any, self: Any, vpc_id: str, group_id: str) -> Any:
    if _named_in_a_rule(self, group_id) or _used(self, group_id):
        raise EC2ClientError("DependencyViolation", f"resource {group_id} has a dependent object")
    return original(self, vpc_id, group_id)


def _named_in_a_rule(backend: Any, group_id: str) -> bool:
    return any(
        rule.source_group.get("GroupId") == group_id
        for groups in backend.groups.values()
        for group in groups.values()
        if group.id != group_id
        for rule in group.ingress_rules + group.egress_rules
    )


def _used(backend: Any, group_id: str) -> bool:
    by_interface = any(group.id == group_id for eni in backend.enis.values() for group in eni._group_set)
    by_instance = any(
        group and group.id == group_id
        for instance in backend.all_instances()
        if instance.state_code != TERMINATED
        for group in instance.security_groups
    )
    by_load_balancer = any(
        group_id in (load_balancer.security_groups or [])
        for backends in (elb_backends, elbv2_backends)
        for load_balancer in backends[backend.account_id][backend.region_name].load_balancers.values()
    )
    return by_interface or by_instance or by_load_balancer


def _authorize(self: Any, add: Any) -> Any:
    """moto adds rule by rule: one refused rule would leave those before it, and the next try would find them there.

    It also answers with the rules of the last permission only.
    """
    self.error_on_dryrun()
    group = self.ec2_backend.get_security_group_by_name_or_id(
        self._get_param("GroupName") or self._get_param("GroupId")
    )
    if group:
        _require_visible([group.id])
    for permission in self._process_rules_from_querystring():
        _require_visible([source.get("GroupId") for source in permission["source_groups"] or []])
    before = (list(group.ingress_rules), list(group.egress_rules)) if group else ([], [])
    try:
        added = [rule for permission in self._process_rules_from_querystring() for rule in add(**permission)[0]]
        most = max(len(group.ingress_rules), len(group.egress_rules)) if group else 0
        if is_exceeded(RULES_PER_GROUP, most):
            raise RulesPerSecurityGroupLimitExceededError()
    except Exception:
        if group:
            group.ingress_rules[:], group.egress_rules[:] = before
        raise
    emit("security-group", group=group.id if group else None)
    return core_responses.ActionResult({"Return": True, "SecurityGroupRules": added})


def _require_visible(group_ids: list[str | None]) -> None:
    for group_id in group_ids:
        if group_id and not is_visible(group_id):
            raise InvalidSecurityGroupNotFoundError(group_id)


@patch(ec2_responses.EC2Response)
def authorize_security_group_ingress(original: Any, self: Any) -> Any:
    return _authorize(self, self.ec2_backend.authorize_security_group_ingress)


@patch(ec2_responses.EC2Response)
def authorize_security_group_egress(original: Any, self: Any) -> Any:
    return _authorize(self, self.ec2_backend.authorize_security_group_egress)


def _tell_of(method: str) -> None:
    """Rules that go let packets through no more: whoever plays load balancers looks again."""

    @patch(ec2_models.EC2Backend, method)
    def change(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
        changed = original(self, *args, **kwargs)
        emit("security-group", group=None)
        return changed


for _method in ("revoke_security_group_ingress", "revoke_security_group_egress"):
    _tell_of(_method)


@patch(moto_groups.SecurityGroupRule, "__init__")
def _rule(
    original: Any,
    self: Any,
    ec2_backend: Any,
    ip_protocol: Any,
    group_id: str,
    from_port: Any,
    to_port: Any,
    *args: Any,
    **kwargs: Any,
) -> None:
    """IP-in-IP and other protocols have no ports; moto converts None to a number."""
    with_ports = str(ip_protocol).lower() in PROTOCOLS_WITH_PORTS
    ports = (from_port, to_port) if with_ports else ("-1", "-1")
    original(self, ec2_backend, ip_protocol, group_id, *ports, *args, **kwargs)
    if not with_ports:
        self.from_port = self.to_port = None


def _meaning(rule: Any) -> tuple[Any, ...]:
    """What makes two rules the same: a description is no part of it, nor is the account that is implied."""
    source = rule.source_group.get("GroupId") or rule.source_group.get("GroupName")
    network = rule.ip_range.get("CidrIp") or rule.ip_range.get("CidrIpv6")
    return (rule.ip_protocol, rule.from_port, rule.to_port, source, network, rule.prefix_list_id)


moto_groups.SecurityGroupRule.__eq__ = lambda self, other: _meaning(self) == _meaning(other)
moto_groups.SecurityGroupRule.description = property(
    lambda rule: rule.ip_range.get("Description") or rule.source_group.get("Description")
)
