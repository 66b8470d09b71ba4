"""Auto Scaling."""

from __future__ import annotations

import base64
import time

from .world import IMAGE, OTHER_IMAGE, TYPE, ZONES, World, check, expect


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@check
def many_templates(world: World) -> None:
    """A list of launch templates has all of them, however many there are"""
    made = {world.template() for _ in range(210)}
    pages = world.ec2.get_paginator("describe_launch_templates").paginate()
    listed = [one["LaunchTemplateId"] for page in pages for one in page["LaunchTemplates"]]
    expect(sorted(made - set(listed)), [])


@check
def later_version(world: World) -> None:
    """A group launches from the second version of a template, with that version's user data"""
    template = world.template(UserData=_encoded("one"))
    data = {"ImageId": OTHER_IMAGE, "InstanceType": TYPE, "UserData": _encoded("two")}
    world.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    member = world.in_service(world.group(template, "2"))[0]
    attribute = world.ec2.describe_instance_attribute(InstanceId=member["InstanceId"], Attribute="userData")
    user_data = base64.b64decode(attribute["UserData"]["Value"]).decode()
    expect((user_data, member["LaunchTemplate"]["Version"]), ("two", "2"))


@check
def version_per_instance(world: World) -> None:
    """Each instance shows the template version that it was launched from"""
    template = world.template()
    name = world.group(template, "$Latest", (1, 3, 1))
    old = world.in_service(name)[0]["InstanceId"]
    data = {"ImageId": OTHER_IMAGE, "InstanceType": "m5.xlarge"}
    world.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=2)
    shown = {
        member["InstanceId"] == old: (member["LaunchTemplate"]["Version"], member["InstanceType"])
        for member in world.in_service(name, 2)
    }
    expect(shown, {True: ("1", TYPE), False: ("2", "m5.xlarge")})


@check
def unique_name(world: World) -> None:
    """A second group of the same name is refused"""
    template = world.template()
    name = world.group(template)
    expect(world.error(world.group, template=template, name=name), "AlreadyExists")


@check
def spread(world: World) -> None:
    """Instances are spread over the group's subnets"""
    name = world.group(world.template(), sizes=(3, 3, 3))
    expect(sorted(member["AvailabilityZone"] for member in world.in_service(name, 3)), ZONES)


@check
def bounds(world: World) -> None:
    """Sizes out of bounds and groups that do not exist are refused"""
    name = world.group(world.template())
    found = [
        world.error(world.asg.set_desired_capacity, AutoScalingGroupName=name, DesiredCapacity=3),
        world.error(world.asg.update_auto_scaling_group, AutoScalingGroupName=name, MinSize=4),
        world.error(world.group, template=world.template(), sizes=(2, 1, 2)),
        world.error(world.asg.set_desired_capacity, AutoScalingGroupName="no-such-group", DesiredCapacity=1),
    ]
    expect(found, ["ValidationError"] * 4)


@check
def replacement_takes_time(world: World) -> None:
    """A terminated instance is replaced, but not at once"""
    name = world.group(world.template())
    dead = world.in_service(name)[0]["InstanceId"]
    began = time.monotonic()
    world.terminate(dead)
    members = [member["InstanceId"] for member in world.members(name)]
    # On a busy computer the look itself may come too late to see the group without its replacement.
    if time.monotonic() - began < world.sim("timing")["asg_health"]:
        expect(members, [dead])
    _expect_replacement(world, name, dead)


def _expect_replacement(world: World, name: str, dead: str) -> None:
    def replaced() -> bool:
        states = [(m["InstanceId"] != dead, m["LifecycleState"]) for m in world.members(name)]
        return states == [(True, "InService")]

    expect(world.until(replaced), True)


@check
def own_death(world: World) -> None:
    """An instance that dies by itself is replaced by its group, and says why it died"""
    name = world.group(world.template())
    dead = world.in_service(name)[0]["InstanceId"]
    world.sim("terminate", {"id": dead, "reason": "Server.InternalError: host failure"})
    expect(world.describe(dead)["StateReason"]["Code"], "Server.InternalError")
    _expect_replacement(world, name, dead)


@check
def suspended_launch(world: World) -> None:
    """A group whose Launch is suspended launches nothing until it is resumed"""
    name = world.group(world.template())
    dead = world.in_service(name)[0]["InstanceId"]
    world.asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    world.terminate(dead)
    expect(world.until(lambda: world.members(name) == []), True)
    time.sleep(1)  # nothing must happen in it
    expect(world.members(name), [])
    world.asg.resume_processes(AutoScalingGroupName=name)
    expect(len(world.in_service(name)), 1)


@check
def suspended_terminate(world: World) -> None:
    """A group whose Terminate is suspended keeps its surplus until it is resumed"""
    name = world.group(world.template(), sizes=(0, 2, 2))
    world.in_service(name, 2)
    world.asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Terminate", "Launch"])
    world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    time.sleep(1)  # nothing must happen in it
    expect(len(world.members(name)), 2)
    world.asg.resume_processes(AutoScalingGroupName=name)
    expect(world.until(lambda: world.members(name) == []), True)


@check
def reported_unhealthy(world: World) -> None:
    """An instance that is set unhealthy is replaced"""
    name = world.group(world.template())
    sick = world.in_service(name)[0]["InstanceId"]
    world.asg.set_instance_health(InstanceId=sick, HealthStatus="Unhealthy")
    _expect_replacement(world, name, sick)


@check
def activities(world: World) -> None:
    """A launch is an activity"""
    name = world.group(world.template())
    world.in_service(name)
    expect(world.until(lambda: [a["StatusCode"] for a in world.activities(name)] == ["Successful"]), True)


@check
def delete_needs_force(world: World) -> None:
    """A group with instances is deleted by force only, and stays visible until they are gone"""
    name = world.group(world.template())
    world.in_service(name)
    expect(world.error(world.asg.delete_auto_scaling_group, AutoScalingGroupName=name), "ResourceInUse")
    world.asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
    expect((world.describe_group(name) or {}).get("Status"), "Delete in progress")
    expect(world.until(lambda: world.describe_group(name) is None), True)


@check
def terminate_and_decrement(world: World) -> None:
    """A named instance is terminated with decrement and not replaced; an unknown one is refused"""
    name = world.group(world.template(), sizes=(0, 2, 1))
    member = world.in_service(name)[0]["InstanceId"]
    terminate = world.asg.terminate_instance_in_auto_scaling_group
    unknown = world.error(terminate, InstanceId="i-0123456789abcdef0", ShouldDecrementDesiredCapacity=True)
    activity = terminate(InstanceId=member, ShouldDecrementDesiredCapacity=True)["Activity"]
    expect((unknown, activity["StatusCode"]), ("ValidationError", "InProgress"))
    expect(world.until(lambda: world.members(name) == []), True)
    time.sleep(1)  # nothing must happen in it
    expect(((world.describe_group(name) or {})["DesiredCapacity"], world.members(name)), (0, []))


@check
def mixed_instances(world: World) -> None:
    """A mixed instances policy launches the type it names, and survives an update that does not repeat it"""
    name, template = f"mixed-{world.unique}", world.template()
    policy = {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template, "Version": "1"},
            "Overrides": [{"InstanceType": "c5.large"}],
        }
    }
    world.asg.create_auto_scaling_group(
        AutoScalingGroupName=name, MinSize=1, MaxSize=2, VPCZoneIdentifier=world.subnets[0], MixedInstancesPolicy=policy
    )
    launched = world.in_service(name)[0]["InstanceType"]
    world.asg.update_auto_scaling_group(AutoScalingGroupName=name, MaxSize=3)
    expect((launched, "MixedInstancesPolicy" in (world.describe_group(name) or {})), ("c5.large", True))


@check
def instance_targets(world: World) -> None:
    """The targets of an attached group of instances follow its members"""
    target_group = world.target_group("instance", 80)
    name = world.group(world.template(), TargetGroupARNs=[target_group])
    first = world.in_service(name)[0]["InstanceId"]

    def targets() -> set[str]:
        found = world.elb.describe_target_health(TargetGroupArn=target_group)["TargetHealthDescriptions"]
        return {t["Target"]["Id"] for t in found if t["TargetHealth"]["State"] != "draining"}

    expect(world.until(lambda: targets() == {first}), True)
    world.terminate(first)
    expect(world.until(lambda: len(targets()) == 1 and first not in targets()), True)


@check
def whole_template(world: World) -> None:
    """A launch applies interfaces, metadata options, block devices, key pair and profile of its template"""
    group_id = world.ec2.create_security_group(GroupName=f"n-{world.unique}", Description="d", VpcId=world.vpc)[
        "GroupId"
    ]
    iam = world.client("iam")
    pair, profile = f"pair-{world.unique}", f"profile-{world.unique}"
    world.ec2.create_key_pair(KeyName=pair)
    iam.create_instance_profile(InstanceProfileName=profile)
    template = world.template(
        ImageId=IMAGE,
        KeyName=pair,
        IamInstanceProfile={"Name": profile},
        NetworkInterfaces=[{"DeviceIndex": 0, "Groups": [group_id], "AssociatePublicIpAddress": False}],
        MetadataOptions={"HttpTokens": "required"},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20}}],
    )
    shown = world.describe(world.in_service(world.group(template))[0]["InstanceId"])
    found = (
        [group["GroupId"] for group in shown["NetworkInterfaces"][0]["Groups"]],
        shown["MetadataOptions"]["HttpTokens"],
        [mapping["DeviceName"] for mapping in shown["BlockDeviceMappings"]],
        shown["KeyName"],
        shown["IamInstanceProfile"]["Arn"].rsplit("/", 1)[1],
    )
    expect(found, ([group_id], "required", ["/dev/xvda"], pair, profile))
