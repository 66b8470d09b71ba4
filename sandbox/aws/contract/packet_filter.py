"""What security groups let through to a load balancer, and from it to its targets, as a data plane is shown it."""

from __future__ import annotations

from typing import Any

from .world import World, check, expect

TARGET = "127.16.1.200"


def _group(world: World, name: str) -> str:
    wanted = {"GroupName": f"{name}-{world.unique}", "Description": "d", "VpcId": world.vpc}
    return world.ec2.create_security_group(**wanted)["GroupId"]


def _rule(port: int, **source: Any) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **source}]


def _listener(world: World, arn: str) -> dict[str, Any]:
    return next(one for one in world.sim("load-balancers") if one["arn"] == arn)["listeners"][0]


def _filtered(world: World, arn: str) -> bool:
    return _listener(world, arn)["targetGroups"][0]["targets"][0]["filtered"]


def _balanced(world: World, **wanted: Any) -> str:
    """A load balancer in front of an address of an interface, which is in a group of its own."""
    arn, target_group = world.load_balancer(**wanted)["LoadBalancerArn"], world.target_group()
    world.listen(arn, target_group)
    world.elb.register_targets(TargetGroupArn=target_group, Targets=[{"Id": TARGET, "Port": 6443}])
    return arn


@check
def clients(world: World) -> None:
    """A load balancer's groups let nobody in until a rule covers the listener's port, and one without groups everybody"""
    group = _group(world, "balancer")
    arn = _balanced(world, SecurityGroups=[group])
    authorize, anywhere = world.ec2.authorize_security_group_ingress, {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    seen = [_listener(world, arn)["closed"]]
    authorize(GroupId=group, IpPermissions=_rule(444, **anywhere))
    seen.append(_listener(world, arn)["closed"])
    authorize(GroupId=group, IpPermissions=_rule(443, **anywhere))
    seen.append(_listener(world, arn)["closed"])
    world.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=_rule(443, **anywhere))
    expect([*seen, _listener(world, arn)["closed"]], [True, True, False, True])
    world.elb.delete_load_balancer(LoadBalancerArn=arn)
    expect(_listener(world, _balanced(world, Name=f"open-{world.unique}", address="127.16.1.251"))["closed"], False)


@check
def targets_by_group(world: World) -> None:
    """A target is reached when its group lets the balancer's group in, and the balancer's group lets out"""
    balancer, members = _group(world, "balancer"), _group(world, "members")
    world.interface(PrivateIpAddress=TARGET, Groups=[members])
    arn = _balanced(world, SecurityGroups=[balancer])
    by_group = {"UserIdGroupPairs": [{"GroupId": balancer}]}
    seen = [_filtered(world, arn)]
    world.ec2.authorize_security_group_ingress(GroupId=members, IpPermissions=_rule(6444, **by_group))
    seen.append(_filtered(world, arn))
    world.ec2.authorize_security_group_ingress(GroupId=members, IpPermissions=_rule(6443, **by_group))
    seen.append(_filtered(world, arn))
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    world.ec2.revoke_security_group_egress(GroupId=balancer, IpPermissions=everything)
    seen.append(_filtered(world, arn))
    out = {"UserIdGroupPairs": [{"GroupId": members}]}
    world.ec2.authorize_security_group_egress(GroupId=balancer, IpPermissions=_rule(6443, **out))
    expect([*seen, _filtered(world, arn)], [True, True, False, True, False])


@check
def targets_by_address(world: World) -> None:
    """A target is reached, too, when its group lets the balancer's addresses in, and not by those of others"""
    members = _group(world, "members")
    world.interface(PrivateIpAddress=TARGET, Groups=[members])
    arn = _balanced(world)
    seen = [_filtered(world, arn)]
    for cidr in ("127.16.2.0/24", "127.16.1.0/24"):
        permission = _rule(6443, IpRanges=[{"CidrIp": cidr}])
        world.ec2.authorize_security_group_ingress(GroupId=members, IpPermissions=permission)
        seen.append(_filtered(world, arn))
    expect(seen, [True, True, False])


@check
def unknown_addresses(world: World) -> None:
    """What is at no interface of the account is filtered by nobody"""
    expect(_filtered(world, _balanced(world)), False)


@check
def classic_balancer(world: World) -> None:
    """A classic load balancer is filtered alike; one that was given no group gets one that lets everybody in"""
    classic, name = world.client("elb"), f"pf-{world.unique}"
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 31128, "InstanceProtocol": "TCP"}
    wanted = {"Listeners": [listener], "Subnets": world.subnets}
    balancer, members = _group(world, "balancer"), _group(world, "members")
    instance = world.instance(SecurityGroupIds=[members])

    def shown(of: str) -> tuple[bool, list[bool]]:
        view = next(one for one in world.sim("load-balancers") if one["name"] == of)["listeners"][0]
        return view["closed"], [target["filtered"] for target in view["targetGroups"][0]["targets"]]

    classic.create_load_balancer(LoadBalancerName=name, **wanted, SecurityGroups=[balancer])
    classic.register_instances_with_load_balancer(LoadBalancerName=name, Instances=[{"InstanceId": instance}])
    before = shown(name)
    permission = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": balancer}]}]
    world.ec2.authorize_security_group_ingress(GroupId=members, IpPermissions=permission)
    expect((before, shown(name)), ((True, [True]), (True, [False])))
    classic.create_load_balancer(LoadBalancerName=f"x{name}", **wanted)
    expect(shown(f"x{name}"), (False, []))
