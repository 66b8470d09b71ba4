"""Service Quotas: what was applied, what is so by default, and what is refused beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .world import IMAGE, World, check, check_alone, expect

CPUS, BALANCERS, GROUPS, TARGETS = "L-1216C47A", "L-69A177A2", "L-E79EC296", "L-B22855CB"


def _applied(world: World, service: str, code: str) -> str:
    return world.error(world.client("service-quotas").get_service_quota, ServiceCode=service, QuotaCode=code)


def _default(world: World, service: str, code: str) -> float:
    get = world.client("service-quotas").get_aws_default_service_quota
    return get(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]


@check
def raised(world: World) -> None:
    """A quota that was raised has its applied value, and AWS's own by default"""
    quota = world.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=CPUS)["Quota"]
    expect((quota["Value"], _default(world, "ec2", CPUS)), (32_000.0, 5.0))


@check
def never_raised(world: World) -> None:
    """A quota to which no value was ever applied is unknown to GetServiceQuota, and known by default"""
    for service, code, value in (
        ("elasticloadbalancing", TARGETS, 3000.0),
        ("vpc", "L-0EA8095F", 60.0),
        ("vpc", "L-DF5E4CA3", 5000.0),
    ):
        found = (code, _applied(world, service, code), _default(world, service, code))
        expect(found, (code, "NoSuchResourceException", value))


@check
def no_such_quota(world: World) -> None:
    """A quota that there is not is unknown to both"""
    get = world.client("service-quotas").get_aws_default_service_quota
    found = (_applied(world, "ec2", "L-00000000"), world.error(get, ServiceCode="ec2", QuotaCode="L-00000000"))
    expect(found, ("NoSuchResourceException", "NoSuchResourceException"))


@contextmanager
def _lowered(world: World, code: str, value: float, before: float) -> Iterator[None]:
    world.sim("quota", {"code": code, "value": value})
    try:
        yield
    finally:
        world.sim("quota", {"code": code, "value": before})


@check_alone
def exhausted(world: World) -> None:
    """What goes beyond a quota is refused, each in its own service's words"""
    launch: dict[str, Any] = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": world.subnets[0]}
    with _lowered(world, CPUS, 1, 32_000):
        expect(world.error(world.ec2.run_instances, **launch, InstanceType="m5.large"), "VcpuLimitExceeded")
        expect(world.error(world.ec2.run_instances, **launch, InstanceType="g4dn.xlarge"), "no error")
    with _lowered(world, BALANCERS, 0, 2000):
        expect(world.error(world.load_balancer), "TooManyLoadBalancers")
    with _lowered(world, TARGETS, 0, 3000):
        expect(world.error(world.target_group), "TooManyTargetGroups")
    with _lowered(world, "L-CDE20ADC", 0, 16_000):
        expect(world.error(world.group, template=world.template()), "LimitExceeded")
    group = {"GroupName": f"q-{world.unique}", "Description": "d", "VpcId": world.vpc}
    with _lowered(world, GROUPS, 0, 16_000):
        expect(world.error(world.ec2.create_security_group, **group), "SecurityGroupLimitExceeded")
    expect(world.error(world.ec2.create_security_group, **group), "no error")


@check
def rules(world: World) -> None:
    """A security group has sixty rules each way, and an interface five groups"""
    create = world.ec2.create_security_group
    groups = [
        create(GroupName=f"r{number}-{world.unique}", Description="d", VpcId=world.vpc)["GroupId"] for number in range(6)
    ]

    def authorize(count: int, port: int) -> str:
        ranges = [{"CidrIp": f"10.{number}.0.0/16"} for number in range(count)]
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}
        return world.error(world.ec2.authorize_security_group_ingress, GroupId=groups[0], IpPermissions=[permission])

    found = [authorize(61, 1), authorize(60, 2), authorize(1, 3)]
    expect(found, ["RulesPerSecurityGroupLimitExceeded", "no error", "RulesPerSecurityGroupLimitExceeded"])
    interface = world.interface(Groups=groups[:5])
    beyond = "SecurityGroupsPerInterfaceLimitExceeded"
    modify = world.ec2.modify_network_interface_attribute
    expect((world.error(world.interface, Groups=groups)), beyond)
    expect(world.error(modify, NetworkInterfaceId=interface, Groups=groups), beyond)
