"""What was made a moment ago is there for who looks, and not yet for who is asked to use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .world import ZONES, World, check, check_alone, expect

LATE = 6


@contextmanager
def _late(world: World) -> Iterator[None]:
    world.sim("timing", {"visible": LATE})
    try:
        yield
    finally:
        world.sim("timing", {"visible": 0})


def _group(world: World, name: str) -> str:
    wanted = {"GroupName": f"{name}-{world.unique}", "Description": "d", "VpcId": world.vpc}
    return world.ec2.create_security_group(**wanted)["GroupId"]


@check_alone
def late_template(world: World) -> None:
    """A launch template, and each later version of one, is unknown to Auto Scaling for a while, and is described at once"""
    with _late(world):
        template = world.template()
        code, message = world.refusal(world.group, template=template, sizes=(0, 1, 0))
        said = f"The specified launch template, with template ID {template}, does not exist."
        expect((code, message), ("ValidationError", f"You must use a valid fully-formed launch template. {said}"))
        expect(len(world.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]), 1)
        expect(world.until(lambda: world.error(world.group, template=template, sizes=(0, 1, 0)) == "no error"), True)
        data = {"InstanceType": "m5.xlarge"}
        world.ec2.create_launch_template_version(LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData=data)
        wanted = {"template": template, "version": "2", "sizes": (0, 1, 0)}
        expect(world.error(world.group, **wanted), "ValidationError")
        expect(world.until(lambda: world.error(world.group, **wanted) == "no error"), True)


@check_alone
def late_profile(world: World) -> None:
    """An instance profile is unknown to Auto Scaling for a while, and IAM shows it at once"""
    iam, profile = world.client("iam"), f"late-{world.unique}"
    template = world.template(IamInstanceProfile={"Name": profile})
    with _late(world):
        iam.create_instance_profile(InstanceProfileName=profile)
        code, message = world.refusal(world.group, template=template, sizes=(0, 1, 0))
        expect((code, "Invalid IAM Instance Profile name" in message), ("ValidationError", True))
        expect(world.error(iam.get_instance_profile, InstanceProfileName=profile), "no error")
        expect(world.until(lambda: world.error(world.group, template=template, sizes=(0, 1, 0)) == "no error"), True)


@check_alone
def late_group(world: World) -> None:
    """A security group is unknown for a while to rules, interfaces, launches, groups and load balancers"""
    known = _group(world, "known")
    with _late(world):
        late = _group(world, "late")
        rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
        authorize, wanted = world.ec2.authorize_security_group_ingress, world.subnets[0]
        by_group = [{**rule, "UserIdGroupPairs": [{"GroupId": late}]}]
        refused = [
            world.error(authorize, GroupId=late, IpPermissions=[{**rule, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]),
            world.error(authorize, GroupId=known, IpPermissions=by_group),
            world.error(world.ec2.create_network_interface, SubnetId=wanted, Groups=[late]),
            world.error(world.instance, SecurityGroupIds=[late]),
            world.error(world.load_balancer, SecurityGroups=[late]),
        ]
        expect(refused, ["InvalidGroup.NotFound"] * 4 + ["InvalidSecurityGroup"])
        found = world.ec2.describe_security_groups(GroupIds=[late])["SecurityGroups"]
        expect([group["GroupId"] for group in found], [late])

        def authorized() -> bool:
            return world.error(authorize, GroupId=known, IpPermissions=by_group) == "no error"

        expect(world.until(authorized), True)
        expect(world.error(world.load_balancer, SecurityGroups=[late]), "no error")


@contextmanager
def _unseen(world: World, *ids: str) -> Iterator[None]:
    world.sim("unseen", {"ids": list(ids), "seconds": 60})
    try:
        yield
    finally:
        world.sim("unseen", {"ids": list(ids), "seconds": 0})


@check
def unseen_in_ec2(world: World) -> None:
    """A volume, an interface, a security group or a template that nobody sees yet is in no list and unknown by its id"""
    ec2, tag = world.ec2, [{"Key": "unseen", "Value": world.unique}]

    def tagged(of: str) -> list[dict[str, Any]]:
        return [{"ResourceType": of, "Tags": tag}]

    by_tag = [{"Name": "tag:unseen", "Values": [world.unique]}]
    wanted = {"AvailabilityZone": ZONES[0], "Size": 1, "ClientToken": world.unique}
    volume = ec2.create_volume(**wanted, TagSpecifications=tagged("volume"))["VolumeId"]
    interface = ec2.create_network_interface(SubnetId=world.subnets[0], TagSpecifications=tagged("network-interface"))
    interface = interface["NetworkInterface"]["NetworkInterfaceId"]
    group = _group(world, "unseen")
    template = world.template()
    looks: list[tuple[Any, str, str, str]] = [
        (ec2.describe_volumes, "VolumeIds", volume, "InvalidVolume.NotFound"),
        (ec2.describe_network_interfaces, "NetworkInterfaceIds", interface, "InvalidNetworkInterfaceID.NotFound"),
        (ec2.describe_security_groups, "GroupIds", group, "InvalidGroup.NotFound"),
        (ec2.describe_launch_templates, "LaunchTemplateIds", template, "InvalidLaunchTemplateId.NotFound"),
    ]
    with _unseen(world, volume, interface, group, template):
        expect([world.error(look, **{name: [one]}) for look, name, one, _ in looks], [code for *_, code in looks])
        expect(ec2.describe_volumes(Filters=by_tag)["Volumes"], [])
        expect(ec2.describe_network_interfaces(Filters=by_tag)["NetworkInterfaces"], [])
        by_group = [{"Name": "group-id", "Values": [group]}]
        expect(ec2.describe_security_groups(Filters=by_group)["SecurityGroups"], [])
        expect(world.error(ec2.create_tags, Resources=[volume], Tags=tag), "InvalidVolume.NotFound")
        expect(world.error(world.group, template=template, sizes=(0, 1, 0)), "ValidationError")
        # It is there all the same: the same token gives the same volume, and the name is taken.
        expect(ec2.create_volume(**wanted, TagSpecifications=tagged("volume"))["VolumeId"], volume)
        again = {"GroupName": f"unseen-{world.unique}", "Description": "d", "VpcId": world.vpc}
        expect(world.error(ec2.create_security_group, **again), "InvalidGroup.Duplicate")
    expect([world.error(look, **{name: [one]}) for look, name, one, _ in looks], ["no error"] * len(looks))
    expect(len(ec2.describe_volumes(Filters=by_tag)["Volumes"]), 1)


@check
def unseen_elsewhere(world: World) -> None:
    """A group, a load balancer or a target group that nobody sees yet is found neither by its name nor by its ARN"""
    group = world.group(template=world.template(), sizes=(0, 1, 0))
    balancer, targets = world.load_balancer()["LoadBalancerArn"], world.target_group()
    names = [arn.split("/")[-2] for arn in (balancer, targets)]
    described = world.asg.describe_auto_scaling_groups
    with _unseen(world, group, balancer, targets):
        expect(described(AutoScalingGroupNames=[group])["AutoScalingGroups"], [])
        expect(world.error(world.asg.update_auto_scaling_group, AutoScalingGroupName=group, MaxSize=2), "ValidationError")
        found = [
            world.error(world.elb.describe_load_balancers, Names=[names[0]]),
            world.error(world.elb.describe_target_groups, Names=[names[1]]),
            world.error(world.elb.describe_target_health, TargetGroupArn=targets),
            world.error(world.elb.create_listener, LoadBalancerArn=balancer, Protocol="TCP", Port=1, DefaultActions=[]),
        ]
        expect(found, ["LoadBalancerNotFound", "TargetGroupNotFound", "TargetGroupNotFound", "LoadBalancerNotFound"])
    expect(len(described(AutoScalingGroupNames=[group])["AutoScalingGroups"]), 1)
    expect(len(world.elb.describe_load_balancers(Names=[names[0]])["LoadBalancers"]), 1)
