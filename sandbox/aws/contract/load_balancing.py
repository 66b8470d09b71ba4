"""Load balancers, listeners, target groups and their health."""

from __future__ import annotations

import re
from typing import Any

from .world import World, check, expect


def _states(world: World, target_group: str) -> list[str]:
    found = world.elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    return [description["TargetHealth"]["State"] for description in found]


@check
def network_load_balancer(world: World) -> None:
    """A network load balancer has the ARN, the DNS name and the fixed address of one, and becomes active in time"""
    created = world.load_balancer()
    arn = created["LoadBalancerArn"]

    def shown() -> dict[str, Any]:
        return world.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]

    first = shown()
    expect(first["State"]["Code"], "provisioning")
    expect(first["AvailabilityZones"][0].get("LoadBalancerAddresses"), [{"PrivateIPv4Address": "127.16.1.250"}])
    _, kind, name, own_id = arn.split("/")
    expect((kind, first["DNSName"]), ("net", f"{name}-{own_id}.elb.eu-west-1.amazonaws.com"))
    expect(world.until(lambda: shown()["State"]["Code"] == "active"), True)


@check
def tagged_load_balancer(world: World) -> None:
    """The tags given to CreateLoadBalancer are found under its ARN"""
    arn = world.load_balancer(Tags=[{"Key": "cluster", "Value": world.unique}])["LoadBalancerArn"]
    found = world.elb.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    expect(found, [{"Key": "cluster", "Value": world.unique}])


@check
def unique_name(world: World) -> None:
    """A load balancer is created once: the same settings give the same one, others are refused"""
    first, second = (world.load_balancer()["LoadBalancerArn"] for _ in range(2))
    found = world.error(world.load_balancer, address="127.16.1.251")
    expect((first == second, found), (True, "DuplicateLoadBalancerName"))


@check
def interfaces(world: World) -> None:
    """A load balancer's interface holds its address and subnet, and goes some time after it"""
    arn = world.load_balancer()["LoadBalancerArn"]
    create, subnet = world.ec2.create_network_interface, world.subnets[0]
    expect(world.error(create, SubnetId=subnet, PrivateIpAddress="127.16.1.250"), "InvalidIPAddress.InUse")

    def delete() -> str:
        return world.error(world.ec2.delete_subnet, SubnetId=subnet)

    before = delete()
    world.elb.delete_load_balancer(LoadBalancerArn=arn)
    expect((before, delete()), ("DependencyViolation", "DependencyViolation"))
    expect(world.until(lambda: delete() == "no error"), True)


@check
def deletion_protection(world: World) -> None:
    """A protected load balancer is not deleted"""
    arn = world.load_balancer()["LoadBalancerArn"]
    attribute = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    world.elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=attribute)
    expect(world.error(world.elb.delete_load_balancer, LoadBalancerArn=arn), "OperationNotPermitted")


@check
def unique_port(world: World) -> None:
    """A load balancer has one listener a port"""
    arn, target_group = world.load_balancer()["LoadBalancerArn"], world.target_group()
    wanted = {"load_balancer_arn": arn, "target_group_arn": target_group}
    found = [world.error(world.listen, **wanted), world.error(world.listen, **wanted)]
    expect(found, ["no error", "DuplicateListener"])


@check
def missing_load_balancer(world: World) -> None:
    """Asking for one load balancer that exists and one that does not is an error"""
    name = world.load_balancer()["LoadBalancerName"]
    found = world.error(world.elb.describe_load_balancers, Names=[name, "missing"])
    expect(found, "LoadBalancerNotFound")


@check
def no_target_groups(world: World) -> None:
    """A load balancer without target groups has an empty list of them"""
    arn = world.load_balancer()["LoadBalancerArn"]
    expect(world.elb.describe_target_groups(LoadBalancerArn=arn)["TargetGroups"], [])


@check
def same_target_group(world: World) -> None:
    """A target group of the same name and settings is the same one"""
    wanted = {"Name": f"same-{world.unique}", "Protocol": "TCP", "Port": 6443, "VpcId": world.vpc, "TargetType": "ip"}
    made = {world.elb.create_target_group(**wanted)["TargetGroups"][0]["TargetGroupArn"] for _ in range(2)}
    other = world.error(world.elb.create_target_group, **{**wanted, "Port": 6444})
    expect((len(made), other), (1, "DuplicateTargetGroupName"))


@check
def targets_by_port(world: World) -> None:
    """One address with two ports is two targets"""
    target_group = world.target_group()
    targets = [{"Id": "127.16.1.200", "Port": 6443}, {"Id": "127.16.1.200", "Port": 9345}]
    world.elb.register_targets(TargetGroupArn=target_group, Targets=targets)
    found = world.elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
    expect(sorted(description["Target"]["Port"] for description in found), [6443, 9345])


@check
def target_health(world: World) -> None:
    """A target is unused, initial, then healthy or unhealthy as reported, and draining when it is deregistered"""
    arn, target_group = world.load_balancer()["LoadBalancerArn"], world.target_group()
    target = {"Id": "127.16.1.200", "Port": 6443}
    name = target_group.split("/")[1]

    def report(state: str) -> None:
        world.sim("health", {"tg": name, "id": target["Id"], "port": target["Port"], "state": state})

    world.elb.register_targets(TargetGroupArn=target_group, Targets=[target])
    seen = _states(world, target_group)
    world.listen(arn, target_group)
    world.elb.deregister_targets(TargetGroupArn=target_group, Targets=[target])
    world.elb.register_targets(TargetGroupArn=target_group, Targets=[target])
    seen += _states(world, target_group)
    report("healthy")
    expect(world.until(lambda: _states(world, target_group) == ["healthy"]), True)
    report("unhealthy")
    seen += _states(world, target_group)
    world.elb.deregister_targets(TargetGroupArn=target_group, Targets=[target])
    expect(seen + _states(world, target_group), ["unused", "initial", "unhealthy", "draining"])


@check
def unhealthy_target_drains(world: World) -> None:
    """An unhealthy target is draining for as long as its group says, if that keeps its connections at all"""
    arn, target_group = world.load_balancer()["LoadBalancerArn"], world.target_group()
    world.listen(arn, target_group)
    target = {"Id": "127.16.1.200", "Port": 6443}
    name = target_group.split("/")[1]
    prefix = "target_health_state.unhealthy"
    kept = {f"{prefix}.connection_termination.enabled": "false", f"{prefix}.draining_interval_seconds": "2"}
    world.elb.modify_target_group_attributes(
        TargetGroupArn=target_group,
        Attributes=[{"Key": key, "Value": value} for key, value in kept.items()],
    )

    def report(state: str) -> None:
        world.sim("health", {"tg": name, "id": target["Id"], "port": target["Port"], "state": state})

    world.elb.register_targets(TargetGroupArn=target_group, Targets=[target])
    report("healthy")
    expect(world.until(lambda: _states(world, target_group) == ["healthy"]), True)
    report("unhealthy")
    expect(_states(world, target_group), ["unhealthy.draining"])
    expect(world.until(lambda: _states(world, target_group) == ["unhealthy"]), True)


@check
def target_phases(world: World) -> None:
    """A data plane learns of a target that it is registered only in time, and is deregistered only in time"""
    arn, target_group = world.load_balancer()["LoadBalancerArn"], world.target_group()
    world.listen(arn, target_group)
    target = {"Id": "127.16.1.200", "Port": 6443}

    def phase() -> str:
        listeners = next(balancer for balancer in world.sim("load-balancers") if balancer["arn"] == arn)["listeners"]
        targets = listeners[0]["targetGroups"][0]["targets"]
        return targets[0]["phase"] if targets else "none"

    seen = []
    world.elb.register_targets(TargetGroupArn=target_group, Targets=[target])
    shown = world.elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"][0]
    reason = shown["TargetHealth"]["Reason"]
    for call, awaited in ((None, "registered"), (world.elb.deregister_targets, "none")):
        if call:
            call(TargetGroupArn=target_group, Targets=[target])

        def reached(awaited: str = awaited) -> bool:
            if not seen or seen[-1] != phase():
                seen.append(phase())
            return seen[-1] == awaited

        world.until(reached)
    expect((reason, seen), ("Elb.RegistrationInProgress", ["registering", "registered", "leaving", "draining", "none"]))


@check
def health_check_ranges(world: World) -> None:
    """A health check outside of the ranges that the API accepts is refused"""
    wanted = {"Name": f"often-{world.unique}", "Protocol": "TCP", "Port": 6443, "VpcId": world.vpc, "TargetType": "ip"}
    refused = [
        world.error(world.elb.create_target_group, **wanted, **{setting: value})
        # Above them: botocore itself refuses what is below.
        for setting, value in (("HealthCheckIntervalSeconds", 301), ("UnhealthyThresholdCount", 11))
    ]
    expect(refused, ["ValidationError", "ValidationError"])


@check
def targets_outside(world: World) -> None:
    """An address outside the VPC is refused as a target"""
    wanted = {"TargetGroupArn": world.target_group(), "Targets": [{"Id": "10.9.9.9", "Port": 6443}]}
    expect(world.error(world.elb.register_targets, **wanted), "ValidationError")


@check
def targets_in_every_range(world: World) -> None:
    """An address of any of the VPC's ranges is taken as a target, until that range is taken from the VPC"""
    target_group = world.target_group()
    wanted = {"TargetGroupArn": target_group, "Targets": [{"Id": "100.64.0.9", "Port": 6443}]}
    register = world.elb.register_targets
    expect(world.error(register, **wanted), "ValidationError")
    associated = world.ec2.associate_vpc_cidr_block(VpcId=world.vpc, CidrBlock="100.64.0.0/24")["CidrBlockAssociation"]
    expect(world.error(register, **wanted), "no error")
    world.ec2.disassociate_vpc_cidr_block(AssociationId=associated["AssociationId"])
    expect(world.error(register, **wanted), "ValidationError")


@check
def classic_names(world: World) -> None:
    """A classic load balancer's name in DNS has its own name, a number and its region, and says whether it is internal"""
    classic = world.client("elb")
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 31128, "InstanceProtocol": "TCP"}
    # As the cloud controller names those of Services: by the Service's uid.
    name = "a" + f"{world.unique}{world.unique}{world.unique}{world.unique}"[:31]
    wanted = {"Listeners": [listener], "Subnets": world.subnets}
    open_one = classic.create_load_balancer(LoadBalancerName=name, **wanted)["DNSName"]
    hidden = classic.create_load_balancer(LoadBalancerName=f"b{name[1:]}", **wanted, Scheme="internal")["DNSName"]
    pattern = r"-\d{8,10}\.eu-west-1\.elb\.amazonaws\.com"
    expect(bool(re.fullmatch(name + pattern, open_one)), True)
    expect(bool(re.fullmatch(f"internal-b{name[1:]}" + pattern, hidden)), True)
    shown = classic.describe_load_balancers(LoadBalancerNames=[name])["LoadBalancerDescriptions"][0]
    expect((shown["DNSName"], shown["CanonicalHostedZoneName"]), (open_one, open_one))


@check
def classic_health_check(world: World) -> None:
    """A classic load balancer has a health check from the start"""
    classic = world.client("elb")
    name = f"classic-{world.unique}"
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 31128, "InstanceProtocol": "TCP"}
    classic.create_load_balancer(LoadBalancerName=name, Listeners=[listener], Subnets=world.subnets)
    shown = classic.describe_load_balancers(LoadBalancerNames=[name])["LoadBalancerDescriptions"][0]
    expect(shown["HealthCheck"]["Target"], "TCP:31128")
