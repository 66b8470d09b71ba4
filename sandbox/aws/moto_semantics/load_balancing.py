"""Load balancers: ELBv2 with its own interfaces, fixed addresses and unique names, and classic ELB's defaults."""

from __future__ import annotations

import random
from typing import Any

import moto.elb.models as classic
import moto.elbv2.models as moto_load_balancers
from moto.ec2.models import ec2_backends
from moto.elbv2.exceptions import DuplicateListenerError, DuplicateLoadBalancerName, ELBClientError

from .events import emit
from .network import check_address
from .patching import patch
from .quotas import NETWORK_LOAD_BALANCERS, is_exceeded
from .simulation import TIMING, now
from .visibility import is_visible

Backend = moto_load_balancers.ELBv2Backend

ARN_SEGMENT = {"network": "net", "gateway": "gwy"}

# Interfaces of deleted load balancers: AWS removes them some time after DeleteLoadBalancer has answered.
_leaving: list[tuple[float, Any]] = []


@patch(Backend)
def create_load_balancer(
    original: Any,
    self: Any,
    name: str,
    security_groups: list[str],
    subnet_ids: list[str],
    subnet_mappings: Any = None,
    scheme: str | None = None,
    loadbalancer_type: str | None = None,
    ip_address_type: str = "ipv4",
    tags: Any = None,
) -> Any:
    kind, scheme = loadbalancer_type or "application", scheme or "internet-facing"
    fixed = {m["SubnetId"]: m["PrivateIPv4Address"] for m in subnet_mappings or [] if m.get("PrivateIPv4Address")}
    subnets = sorted([*(subnet_ids or []), *(m["SubnetId"] for m in subnet_mappings or [])])
    wanted = (kind, scheme, sorted(security_groups or []), subnets, sorted(fixed.items()))
    for existing in self.load_balancers.values():
        if existing.name == name:
            if existing._wanted == wanted:  # AWS: the same settings again are a success
                return existing
            raise DuplicateLoadBalancerName()
    balancers = [one for one in self.load_balancers.values() if one.type == "network"]
    if kind == "network" and is_exceeded(NETWORK_LOAD_BALANCERS, len(balancers) + 1):
        raise ELBClientError("TooManyLoadBalancers", "The maximum number of load balancers has been reached")
    _require_groups(self, security_groups)
    for subnet_id, address in fixed.items():
        check_address(self.ec2_backend.get_subnet(subnet_id), address)
    created = original(self, name, security_groups, subnet_ids, subnet_mappings, scheme, kind, ip_address_type, tags)
    created._wanted, created._fixed = wanted, fixed
    created._active_at = now() + TIMING["nlb_provision"]
    _rename(self, created)
    created._interfaces = [_interface(self, created, subnet) for subnet in created.subnets]
    addresses = [eni.private_ip_address for eni in created._interfaces]
    emit("load-balancer-created", arn=created.arn, name=name, addresses=addresses)
    return created


def _require_groups(backend: Any, group_ids: list[str] | None) -> None:
    for group_id in group_ids or []:
        if backend.ec2_backend.get_security_group_from_id(group_id) is None or not is_visible(group_id):
            raise ELBClientError("InvalidSecurityGroup", f"Security group '{group_id}' does not exist")


@patch(Backend)
def set_security_groups(original: Any, self: Any, arn: str, sec_groups: list[str]) -> None:
    if arn in self.load_balancers:
        _require_groups(self, sec_groups)
    original(self, arn, sec_groups)
    for eni in self.load_balancers[arn]._interfaces:
        eni._group_set = [self.ec2_backend.get_security_group_from_id(group) for group in sec_groups]
    emit("load-balancer-changed", arn=arn)


def _rename(backend: Any, load_balancer: Any) -> None:
    """moto calls every load balancer an application load balancer, in its ARN and in its DNS name."""
    kind = ARN_SEGMENT.get(load_balancer.type, "app")
    old, own_id = load_balancer.arn, load_balancer.arn.rsplit("/", 1)[1]
    load_balancer.arn = old.replace("loadbalancer/app/", f"loadbalancer/{kind}/")
    backend.load_balancers[load_balancer.arn] = backend.load_balancers.pop(old)
    if load_balancer.arn != old:
        backend.tagging_service.tag_resource(
            load_balancer.arn, backend.tagging_service.list_tags_for_resource(old)["Tags"]
        )
        backend.tagging_service.delete_all_tags_for_resource(old)
    if kind == "net":
        load_balancer.dns_name = f"{load_balancer.name}-{own_id}.elb.{backend.region_name}.amazonaws.com"
    else:
        prefix = "internal-" if load_balancer.scheme == "internal" else ""
        number = int(own_id[:8], 16)
        load_balancer.dns_name = f"{prefix}{load_balancer.name}-{number}.{backend.region_name}.elb.amazonaws.com"


def _interface(backend: Any, load_balancer: Any, subnet: Any) -> Any:
    """One requester-managed interface in each subnet: they hold addresses, security groups and subnets, as in AWS."""
    groups = list(load_balancer.security_groups or [])
    description = "ELB " + load_balancer.arn.split(":loadbalancer/")[1]
    address = load_balancer._fixed.get(subnet.id)
    eni = backend.ec2_backend.create_network_interface(subnet, address, None, groups, description)
    eni.requester_managed, eni.status = True, "in-use"
    eni.interface_type = "network_load_balancer" if load_balancer.type == "network" else "interface"
    if not groups:  # moto would put the VPC's default group
        eni._group_set = []
    return eni


def _availability_zones(load_balancer: Any) -> list[Any]:
    zones = []
    for subnet in load_balancer.subnets:
        zone = moto_load_balancers.AvailabilityZone(subnet)
        if subnet.id in load_balancer._fixed:
            zone.load_balancer_addresses = [{"PrivateIPv4Address": load_balancer._fixed[subnet.id]}]
        zones.append(zone)
    return zones


moto_load_balancers.FakeLoadBalancer.availability_zones = property(_availability_zones)


@patch(moto_load_balancers.FakeLoadBalancer)
def activate(original: Any, self: Any) -> None:
    if now() >= self._active_at:
        original(self)


@patch(Backend)
def delete_load_balancer(original: Any, self: Any, arn: str) -> Any:
    load_balancer = self.load_balancers.get(arn)
    if load_balancer:
        if str(load_balancer.attrs.get("deletion_protection.enabled")).lower() == "true":
            message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise ELBClientError("OperationNotPermitted", message)
        leave_at = now() + TIMING["nlb_eni_release"]
        _leaving.extend((leave_at, eni) for eni in load_balancer._interfaces)
        emit("load-balancer-deleted", arn=arn, name=load_balancer.name)
    return original(self, arn)


def release_interfaces() -> None:
    for leaving in [leaving for leaving in _leaving if leaving[0] <= now()]:
        _leaving.remove(leaving)
        eni = leaving[1]
        eni.ec2_backend.enis.pop(eni.id, None)


@patch(Backend)
def describe_load_balancers(original: Any, self: Any, arns: Any, names: Any) -> Any:
    """One that is missing is an error even if others were found."""
    known_names = {load_balancer.name for load_balancer in self.load_balancers.values()}
    missing = sorted((set(arns or []) - set(self.load_balancers)) | (set(names or []) - known_names))
    if missing:
        raise ELBClientError("LoadBalancerNotFound", f"Load balancers '{missing}' not found")
    return original(self, arns, names)


@patch(Backend)
def create_listener(
    original: Any, self: Any, load_balancer_arn: str, protocol: str, port: Any, *args: Any, **kwargs: Any
) -> Any:
    load_balancer = self.load_balancers.get(load_balancer_arn)
    if load_balancer and any(str(listener.port) == str(port) for listener in load_balancer.listeners.values()):
        raise DuplicateListenerError()
    return original(self, load_balancer_arn, protocol, port, *args, **kwargs)


@patch(classic.LoadBalancer, "__init__")
def _classic(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    """A classic load balancer always has a health check; cloud-provider-aws ends with a nil pointer without one."""
    original(self, *args, **kwargs)
    target = f"TCP:{self.listeners[0].instance_port}" if self.listeners else "TCP:80"
    self.health_check = classic.FakeHealthCheck("5", "10", "2", "30", target)


@patch(classic.ELBBackend, "create_load_balancer")
def _create_classic(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    """Its name in DNS has a number in it, and says whether it is internal; moto's has neither, and another region."""
    created = original(self, *args, **kwargs)
    if not kwargs.get("security_groups"):  # then AWS makes a group that lets everybody in, where moto's lets nobody
        ec2 = ec2_backends[self.account_id][self.region_name]
        for listener in created.listeners:
            ports = (str(listener.load_balancer_port),) * 2
            anywhere = [{"CidrIp": "0.0.0.0/0"}]
            ec2.authorize_security_group_ingress(created.security_groups[0], "tcp", *ports, anywhere)
    prefix = "internal-" if created.scheme == "internal" else ""
    number = random.randrange(10**8, 10**10)
    created.dns_name = f"{prefix}{created.name}-{number}.{self.region_name}.elb.amazonaws.com"
    return created
