"""What security groups let through on the way by a load balancer: from its clients to it, and from it to its targets.

Owns: the judgement over rules, by port and by who sends. It is TCP's alone, which is all that the data plane carries. Who the
client is, nobody here can tell: all of them come from loopback, so that a listener is open when its groups let anybody at all
in. Neighbours: `control.py` shows the judgement to the data plane, which heeds it; `security_groups.py` says when rules change.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

TCP = ("-1", "tcp", "6")


@dataclass(frozen=True)
class Senders:
    """Who may send: these addresses, and the members of these groups. `anybody`: addresses that nobody knows beforehand."""

    addresses: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    anybody: bool = False


def admits(rules: Iterable[Any], port: int, others: Senders) -> bool:
    """Whether any of the rules lets TCP through to that port, from one of the others, or to one of them."""
    return any(_covers(rule, port) and _names(rule, others) for rule in rules)


def _covers(rule: Any, port: int) -> bool:
    if str(rule.ip_protocol).lower() not in TCP:
        return False
    if str(rule.ip_protocol) == "-1" or rule.from_port in (None, "", "-1", -1):
        return True
    return int(rule.from_port) <= port <= int(rule.to_port)


def _names(rule: Any, others: Senders) -> bool:
    group = rule.source_group.get("GroupId")
    if group:
        return others.anybody or group in others.groups
    network = rule.ip_range.get("CidrIp")
    if not network:
        return False
    return others.anybody or any(ipaddress.ip_address(one) in ipaddress.ip_network(network) for one in others.addresses)


def interfaces_by_address(backend: Any) -> dict[tuple[str, str], Any]:
    """By VPC and address: two VPCs may have the same range."""
    return {
        (eni.subnet.vpc_id, address): eni
        for eni in list(backend.enis.values())
        for address in (eni.private_ip_address, *(one["PrivateIpAddress"] for one in eni.private_ip_addresses))
    }


def _groups(backend: Any, group_ids: Iterable[str]) -> list[Any]:
    found = (backend.get_security_group_from_id(group_id) for group_id in group_ids)
    return [group for group in found if group is not None]


def is_open(backend: Any, group_ids: Iterable[str], port: int) -> bool:
    """Whether a load balancer's groups let anybody in; one without groups has nothing that filters."""
    groups = _groups(backend, group_ids)
    rules = [rule for group in groups for rule in group.ingress_rules]
    return not groups or admits(rules, port, Senders(anybody=True))


def lets_reach(backend: Any, balancer: Senders, interface: Any, ports: Iterable[int]) -> bool:
    """Whether a load balancer's packets leave it, and arrive at an interface, on all of these ports."""
    # Its own; moto adds those of its instance, which an instance's further interfaces don't have.
    target_groups = list(interface._group_set) or list(interface.group_set)
    target = Senders((interface.private_ip_address,), frozenset(group.id for group in target_groups))
    incoming = [rule for group in target_groups for rule in group.ingress_rules]
    own_groups = _groups(backend, balancer.groups)
    outgoing = [rule for group in own_groups for rule in group.egress_rules]
    return all(
        admits(incoming, port, balancer) and (not own_groups or admits(outgoing, port, target)) for port in ports
    )
