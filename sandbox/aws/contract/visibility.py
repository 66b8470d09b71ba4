"""What was made a moment ago is there for who looks, and not yet for who is asked to use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .world import World, check_alone, expect

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
