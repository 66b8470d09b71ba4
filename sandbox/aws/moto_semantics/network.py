"""Subnets and network interfaces: an address belongs to one interface, and nothing in use can be removed.

The set of interfaces is the only truth about addresses: instances, load balancers and fixed interfaces draw from it.
"""

from __future__ import annotations

import ipaddress
from typing import Any

import moto.ec2.models as ec2_models
import moto.ec2.models.nat_gateways as moto_nat_gateways
import moto.ec2.models.subnets as moto_subnets
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError

from .events import emit
from .patching import patch
from .quotas import GROUPS_PER_INTERFACE, is_exceeded
from .visibility import is_visible

ATTACHABLE_STATES = ("running", "stopped")


def addresses_in_use(subnet: Any) -> set[str]:
    return {
        address["PrivateIpAddress"]
        for eni in subnet.ec2_backend.enis.values()
        if eni.subnet.id == subnet.id
        for address in eni.private_ip_addresses
    }


def check_address(subnet: Any, ip: str) -> None:
    address, cidr = ipaddress.ip_address(ip), subnet.cidr
    if address not in cidr:
        message = f"Address {ip} does not fall within the subnet's address range"
        raise EC2ClientError("InvalidParameterValue", message)
    # AWS keeps the first four addresses of a subnet and the last.
    if address in (cidr[0], cidr[1], cidr[2], cidr[3], cidr[-1]):
        raise EC2ClientError("InvalidParameterValue", f"Address {ip} is in subnet's reserved address range")
    if ip in addresses_in_use(subnet):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {ip} is in use.")


def free_address(subnet: Any) -> str:
    taken = addresses_in_use(subnet)
    for offset in range(4, subnet.cidr.num_addresses - 1):
        candidate = str(subnet.cidr[offset])
        if candidate not in taken:
            return candidate
    message = f"The specified subnet does not have enough free addresses to satisfy the request: '{subnet.id}'."
    raise EC2ClientError("InsufficientFreeAddressesInSubnet", message)


@patch(moto_subnets.Subnet)
def get_available_subnet_ip(original: Any, self: Any, instance: Any = None) -> str:
    return free_address(self)


@patch(moto_subnets.Subnet)
def request_ip(original: Any, self: Any, ip: str, instance: Any = None) -> None:
    check_address(self, ip)


def _require_groups(backend: Any, group_ids: list[str]) -> None:
    """moto would make a group of an id that it doesn't know."""
    for group in group_ids:
        if backend.get_security_group_from_id(group) is None or not is_visible(group):
            raise InvalidSecurityGroupNotFoundError(group)
    if is_exceeded(GROUPS_PER_INTERFACE, len(set(group_ids))):
        message = "The maximum number of security groups per interface has been reached."
        raise EC2ClientError("SecurityGroupsPerInterfaceLimitExceeded", message)


@patch(ec2_models.EC2Backend)
def modify_network_interface_attribute(
    original: Any, self: Any, eni_id: str, group_ids: list[str] | None, *args: Any, **kwargs: Any
) -> None:
    _require_groups(self, group_ids or [])
    original(self, eni_id, group_ids or [], *args, **kwargs)
    eni = self.get_network_interface(eni_id)
    # moto keeps those of the launch with the instance, and shows both.
    if group_ids and eni.instance is not None and eni.device_index == 0:
        eni.instance.security_groups = list(eni._group_set)
    emit("eni-changed", eni=eni_id)


@patch(ec2_models.EC2Backend)
def create_network_interface(
    original: Any,
    self: Any,
    subnet: Any,
    private_ip_address: str | None,
    private_ip_addresses: Any = None,
    group_ids: list[str] | None = None,
    *args: Any,
    **kwargs: Any,
) -> Any:
    _require_groups(self, group_ids or [])
    found = self.get_subnet(subnet) if isinstance(subnet, str) else subnet
    wanted = [
        address["PrivateIpAddress"] if isinstance(address, dict) else address for address in private_ip_addresses or []
    ]
    if private_ip_address:
        wanted.append(private_ip_address)
    for ip in wanted:
        check_address(found, ip)
    chosen = private_ip_address or (None if wanted else free_address(found))
    return original(self, found, chosen, private_ip_addresses, group_ids, *args, **kwargs)


@patch(ec2_models.EC2Backend)
def delete_network_interface(original: Any, self: Any, eni_id: str) -> Any:
    if self.get_network_interface(eni_id).status == "in-use":
        raise EC2ClientError("InvalidParameterValue", f"Network interface '{eni_id}' is currently in use.")
    return original(self, eni_id)


@patch(ec2_models.EC2Backend)
def attach_network_interface(original: Any, self: Any, eni_id: str, instance_id: str, device_index: Any) -> Any:
    eni, instance, index = self.get_network_interface(eni_id), self.get_instance(instance_id), int(device_index)
    if eni.status == "in-use":
        raise EC2ClientError("InvalidNetworkInterface.InUse", f"Interface: [{eni_id}] in use.")
    if instance.state not in ATTACHABLE_STATES:
        raise EC2ClientError("IncorrectState", f"Instance '{instance_id}' is not 'running' or 'stopped'.")
    if eni.availability_zone != instance.availability_zone:
        message = "You may not attach a network interface to an instance if they are not in the same availability zone"
        raise EC2ClientError("InvalidParameterCombination", message)
    if index in instance.nics:
        message = f"Instance '{instance_id}' already has an interface attached at device index '{index}'."
        raise EC2ClientError("InvalidParameterValue", message)
    attachment = original(self, eni_id, instance_id, device_index)
    emit("eni-attached", eni=eni_id, ip=eni.private_ip_address, instance=instance_id, index=index)
    return attachment


@patch(ec2_models.EC2Backend)
def detach_network_interface(original: Any, self: Any, attachment_id: str) -> None:
    eni = next((eni for eni in self.enis.values() if eni.attachment_id == attachment_id), None)
    if eni and eni.device_index == 0:
        message = "The network interface at device index 0 cannot be detached."
        raise EC2ClientError("OperationNotPermitted", message)
    instance_id = eni.instance.id if eni and eni.instance else None
    original(self, attachment_id)
    if eni:
        emit("eni-detached", eni=eni.id, ip=eni.private_ip_address, instance=instance_id)


@patch(ec2_models.EC2Backend)
def delete_subnet(original: Any, self: Any, subnet_id: str) -> Any:
    if any(eni.subnet.id == subnet_id for eni in self.enis.values()):
        message = f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
        raise EC2ClientError("DependencyViolation", message)
    return original(self, subnet_id)


@patch(ec2_models.EC2Backend)
def delete_vpc(original: Any, self: Any, vpc_id: str) -> Any:
    """A VPC's default network ACL goes with it; moto forgets it there."""
    deleted = original(self, vpc_id)
    for acl in [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id and acl.default]:
        del self.network_acls[acl.id]
    return deleted


# moto gives a NAT gateway an address from anywhere; None lets it draw one from its subnet.
moto_nat_gateways.random_private_ip = lambda *_: None


@patch(moto_nat_gateways.NatGateway, "__init__")
def _nat_gateway(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
    original(self, *args, **kwargs)
    self.private_ip = self._eni.private_ip_address
