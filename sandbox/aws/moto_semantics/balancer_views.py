"""Load balancers as a data plane needs them: `GET /_sim/load-balancers`.

Owns: one shape for both generations: listeners, targets, health checks, and what security groups let through. Neighbours:
`control.py` answers with it, `packet_filter.py` judges rules, and `sandbox/network` plays what it reads here.
"""

from __future__ import annotations

from typing import Any

import moto.elb.models as classic
import moto.elbv2.models as moto_load_balancers
from moto.ec2.models import ec2_backends

from .packet_filter import Senders, interfaces_by_address, is_open, lets_reach
from .simulation import TIMING
from .target_groups import target_views, unhealthy_drain_seconds


Interfaces = dict[tuple[str, str], Any]


def load_balancer_views() -> list[dict[str, Any]]:
    return [*_load_balancers(), *_classic_load_balancers()]


def _load_balancers() -> list[dict[str, Any]]:
    return [
        {
            "arn": load_balancer.arn,
            "name": load_balancer.name,
            "type": load_balancer.type,
            "scheme": load_balancer.scheme,
            "dns": load_balancer.dns_name,
            "addresses": [eni.private_ip_address for eni in load_balancer._interfaces],
            "listeners": [
                _listener(backend, load_balancer, listener, interfaces)
                for listener in load_balancer.listeners.values()
            ],
        }
        for account in list(moto_load_balancers.elbv2_backends.values())
        for backend in list(account.values())
        if backend.load_balancers
        for interfaces in [interfaces_by_address(backend.ec2_backend)]
        for load_balancer in list(backend.load_balancers.values())
    ]


def _listener(backend: Any, load_balancer: Any, listener: Any, interfaces: Interfaces) -> dict[str, Any]:
    groups = [
        backend.target_groups[arn]
        for action in listener.default_actions
        for arn in backend._get_target_group_arns_from(action_data=action.data)
        if arn in backend.target_groups
    ]
    return {
        "arn": listener.arn,
        "port": int(listener.port),
        "protocol": listener.protocol,
        "closed": not is_open(backend.ec2_backend, load_balancer.security_groups or [], int(listener.port)),
        "targetGroups": [_target_group(group, load_balancer, interfaces) for group in groups],
        "targets": [
            {"id": target["Id"], "port": target["Port"]} for group in groups for target in group.targets.values()
        ],
    }


def _sender(group: Any, load_balancer: Any) -> Senders:
    """With the client's address kept, packets come from whoever the client is."""
    kept = _is_true(group, "preserve_client_ip.enabled", str(group.target_type == "instance"))
    return Senders(
        tuple(eni.private_ip_address for eni in load_balancer._interfaces),
        frozenset(load_balancer.security_groups or []),
        anybody=kept,
    )


def _is_filtered(ec2: Any, sender: Senders, interface: Any, ports: tuple[Any, ...]) -> bool:
    """What is at no interface that we know of, nobody filters."""
    numbers = {int(port) for port in ports if str(port).isdigit()}
    return interface is not None and not lets_reach(ec2, sender, interface, numbers)


def _target_group(group: Any, load_balancer: Any, interfaces: Interfaces) -> dict[str, Any]:
    sender, ec2 = _sender(group, load_balancer), group.ec2_backend

    def target_view(target: dict[str, Any]) -> dict[str, Any]:
        of_instance = target["id"].startswith("i-")
        address = (group.vpc_id, target["id"])
        own = _primary_interface(ec2, target["id"]) if of_instance else interfaces.get(address)
        ports = (target["port"], group.health_check_port)
        filtered = _is_filtered(ec2, sender, own, ports)
        return {**target, "detached": own is not None and not own.instance, "filtered": filtered}

    return {
        "arn": group.arn,
        "name": group.name,
        "targetType": group.target_type,
        "healthCheck": {
            "protocol": group.health_check_protocol,
            "port": group.health_check_port,
            "path": group.health_check_path,
            "intervalSeconds": int(group.health_check_interval_seconds),
            "timeoutSeconds": int(group.health_check_timeout_seconds),
            "healthyThreshold": int(group.healthy_threshold_count),
            "unhealthyThreshold": int(group.unhealthy_threshold_count),
            "hurriedSeconds": TIMING["check_interval"] or None,
            "codes": (getattr(group, "matcher", None) or {}).get("HttpCode"),
        },
        "unhealthyDrainSeconds": unhealthy_drain_seconds(group),
        "cutsDeregistered": _is_true(group, "deregistration_delay.connection_termination.enabled", "false"),
        "targets": [target_view(target) for target in target_views(group)],
    }


def _primary_interface(ec2: Any, instance_id: str) -> Any:
    instance = ec2.get_instance_by_id(instance_id)
    return instance.nics.get(0) if instance and instance.nics else None


def _is_true(group: Any, attribute: str, default: str) -> bool:
    return str(group.attributes.get(attribute, default)).lower() == "true"


def _classic_load_balancers() -> list[dict[str, Any]]:
    """In the same shape, for the same data plane: what a Service of type LoadBalancer gets by default."""
    return [
        {
            "arn": None,
            "name": load_balancer.name,
            "type": "classic",
            "scheme": load_balancer.scheme,
            "dns": load_balancer.dns_name,
            "addresses": [],
            "listeners": [
                _classic_listener(ec2_backends[backend.account_id][backend.region_name], load_balancer, listener)
                for listener in load_balancer.listeners
            ],
        }
        for account in list(classic.elb_backends.values())
        for backend in list(account.values())
        for load_balancer in list(backend.load_balancers.values())
    ]


def _first_addresses(ec2: Any, load_balancer: Any) -> tuple[str, ...]:
    """A classic load balancer has interfaces that nobody shows here: one address of each of its subnets stands for them."""
    return tuple(str(ec2.get_subnet(subnet).cidr[4]) for subnet in load_balancer.subnets)


def _classic_listener(ec2: Any, load_balancer: Any, listener: Any) -> dict[str, Any]:
    check = load_balancer.health_check
    # "TCP:30080" or "HTTP:10256/healthz".
    protocol, _, rest = check.target.partition(":")
    port, slash, path = rest.partition("/")
    sender = Senders(_first_addresses(ec2, load_balancer), frozenset(load_balancer.security_groups))

    def target_view(instance: str) -> dict[str, Any]:
        own = _primary_interface(ec2, instance)
        filtered = _is_filtered(ec2, sender, own, (listener.instance_port, port))
        shown = {"id": instance, "port": int(listener.instance_port), "phase": "registered", "registration": 0}
        return {**shown, "filtered": filtered}

    targets = [target_view(instance) for instance in load_balancer.instance_ids]
    group = {
        "arn": None,
        "name": f"classic/{load_balancer.name}",
        "targetType": "instance",
        "healthCheck": {
            "protocol": protocol,
            "port": port,
            "path": slash + path or None,
            "intervalSeconds": int(check.interval),
            "timeoutSeconds": int(check.timeout),
            "healthyThreshold": int(check.healthy_threshold),
            "unhealthyThreshold": int(check.unhealthy_threshold),
            "hurriedSeconds": TIMING["check_interval"] or None,
            "codes": "200",
        },
        "unhealthyDrainSeconds": None,
        "cutsDeregistered": False,
        "targets": targets,
    }
    return {
        "arn": None,
        "port": int(listener.load_balancer_port),
        "protocol": listener.protocol,
        "closed": not is_open(ec2, load_balancer.security_groups, int(listener.load_balancer_port)),
        "targetGroups": [group],
        "targets": targets,
    }
