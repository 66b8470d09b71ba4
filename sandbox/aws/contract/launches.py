"""Launches that come to nothing: what EC2 refuses, what it begins and gives up, and what a group's activities say of it."""

from __future__ import annotations

import time
from typing import Any

from .world import IMAGE, TYPE, World, check, check_alone, expect


def _ended(world: World, name: str, status: str) -> list[str]:
    return [a.get("StatusMessage", "") for a in world.activities(name) if a["StatusCode"] == status]


def _disk(**disk: Any) -> dict[str, Any]:
    return {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 20} | disk}]}


@check
def failed_launch(world: World) -> None:
    """A failed launch is an activity that says why, and the group tries again"""
    name = world.group(world.template(), sizes=(0, 1, 0))
    fault = {"action": f"asg:{name}", "code": "InsufficientInstanceCapacity", "message": "no m5.large in eu-west-1a"}
    world.sim("fault", fault)
    world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    world.in_service(name)
    expect(["no m5.large in eu-west-1a" in message for message in _ended(world, name, "Failed")], [True])


@check
def early_death(world: World) -> None:
    """An instance that dies before it is in service ends its launch as Cancelled, with the reason, and is replaced"""
    name = world.group(world.template(), sizes=(0, 1, 0))
    died = {"code": "Server.InternalError", "message": "Internal error on launch", "dies": True}
    world.sim("fault", {"action": f"asg:{name}"} | died)
    world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    world.in_service(name)
    said = "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: "
    expect(_ended(world, name, "Cancelled"), [f"{said}Server.InternalError: Internal error on launch"])
    expect((_ended(world, name, "Failed"), world.until(lambda: len(world.members(name)) == 1)), ([], True))


@check
def unusable_key(world: World) -> None:
    """A launch whose volume's key is disabled is begun, and Cancelled in the words of KMS, until the key is enabled"""
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=key)
    name = world.group(world.template(**_disk(Encrypted=True, KmsKeyId=key)))
    expect(world.until(lambda: _ended(world, name, "Cancelled")), True)
    reason = "Termination Reason: Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
    expect(reason in _ended(world, name, "Cancelled")[0], True)
    kms.enable_key(KeyId=key)
    expect(len(world.in_service(name)), 1)


@check
def missing_key(world: World) -> None:
    """An instance whose volume's key does not exist is launched, and terminated with a client error"""
    gone = f"arn:aws:kms:eu-west-1:0123456789012:key/{world.unique}-0000-4000-8000-000000000000"
    launched = world.ec2.run_instances(
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        InstanceType=TYPE,
        SubnetId=world.subnets[0],
        **_disk(Encrypted=True, KmsKeyId=gone),
    )["Instances"][0]
    instance = launched["InstanceId"]
    expect(launched["State"]["Name"], "pending")
    expect(world.until(lambda: world.state(instance) == "terminated"), True)
    expect(world.describe(instance)["StateReason"]["Code"], "Client.InternalError")


@check
def tried_template(world: World) -> None:
    """A group is not made with a template that EC2 would refuse, and the refusal is EC2's own, in Auto Scaling's words"""
    wrong = {
        "The key pair 'no-such-pair' does not exist": {"KeyName": "no-such-pair"},
        "The image id '[ami-0123456789abcdef0]' does not exist": {"ImageId": "ami-0123456789abcdef0"},
        # Of a version whose programs the sandbox does not have: `test/sandbox/aws/contract.integration.test.ts` says which and why.
        "The image id '[ami-slipway-unbuilt]' does not exist: it has no programs": {"ImageId": "ami-slipway-unbuilt"},
        "The security group 'sg-0123456789abcdef0' does not exist": {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
        "Value (nobody) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name": {
            "IamInstanceProfile": {"Name": "nobody"}
        },
    }
    for said, data in wrong.items():
        code, message = world.refusal(world.group, template=world.template(**data))
        expect((code, message), ("ValidationError", f"You must use a valid fully-formed launch template. {said}"))
    name = world.group(world.template(), sizes=(0, 1, 0))
    change = {"LaunchTemplateId": world.template(KeyName="no-such-pair"), "Version": "1"}
    update = world.asg.update_auto_scaling_group
    expect(world.error(update, AutoScalingGroupName=name, LaunchTemplate=change), "ValidationError")


@check
def lost_key_pair(world: World) -> None:
    """A group whose key pair was deleted fails at launch, and nothing is launched"""
    pair = f"lost-{world.unique}"
    world.ec2.create_key_pair(KeyName=pair)
    name = world.group(world.template(KeyName=pair), sizes=(0, 1, 0))
    world.ec2.delete_key_pair(KeyName=pair)
    world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    expect(world.until(lambda: _ended(world, name, "Failed")), True)
    expect(f"The key pair '{pair}' does not exist" in _ended(world, name, "Failed")[-1], True)
    expect(world.members(name), [])
    world.asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


@check
def architectures(world: World) -> None:
    """A launch whose image and instance type are of different architectures is refused, both ways, and at a group"""
    launch = world.ec2.run_instances
    wanted = {"MinCount": 1, "MaxCount": 1, "SubnetId": world.subnets[0]}
    for image, kind in (("ami-slipway-1", "m6g.large"), ("ami-slipway-arm64-1", "m5.large")):
        code, message = world.refusal(launch, ImageId=image, InstanceType=kind, **wanted)
        expect((code, "matching architectures" in message), ("InvalidParameterValue", True))
    expect(world.error(launch, ImageId="ami-slipway-arm64-1", InstanceType="m6g.large", **wanted), "no error")
    template = world.template(InstanceType="t4g.medium")
    expect(world.error(world.group, template=template, sizes=(0, 1, 0)), "ValidationError")


@check
def launched_disks(world: World) -> None:
    """A launch with a disk that EBS would not make is refused"""
    wanted = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": world.subnets[0]}
    disk = _disk(VolumeType="io1", VolumeSize=4, Iops=3000)
    code, message = world.refusal(world.ec2.run_instances, **wanted, **disk)
    expect((code, "ratio of 750.000000 is too high" in message), ("InvalidParameterValue", True))


def _suspended(world: World, name: str) -> dict[str, str]:
    shown = (world.describe_group(name) or {}).get("SuspendedProcesses", [])
    return {process["ProcessName"]: process["SuspensionReason"] for process in shown}


@check
def suspended_by_a_person(world: World) -> None:
    """A group shows which of its processes a person suspended, and since when, until they are resumed"""
    name = world.group(world.template(), sizes=(0, 1, 0))
    world.asg.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch", "Terminate"])
    suspended = _suspended(world, name)
    expect(sorted(suspended), ["Launch", "Terminate"])
    expect({reason.split(" at ")[0] for reason in suspended.values()}, {"User suspended"})
    world.asg.resume_processes(AutoScalingGroupName=name, ScalingProcesses=["Terminate"])
    expect(list(_suspended(world, name)), ["Launch"])


@check_alone
def given_up(world: World) -> None:
    """Auto Scaling suspends the launches of a group that failed for a day, and launches nothing until they are resumed"""
    name = world.group(world.template(), sizes=(0, 1, 0))
    world.sim("timing", {"asg_give_up": 1, "asg_launch_retry": 0.2})
    fault = {"action": f"asg:{name}", "code": "InsufficientInstanceCapacity", "count": 500}
    world.sim("fault", fault)
    try:
        world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
        expect(world.until(lambda: _suspended(world, name)), True)
        expect(_suspended(world, name)["Launch"].startswith("Administratively suspended at "), True)
        failed = len(_ended(world, name, "Failed"))
        world.clear_faults(f"asg:{name}")
        time.sleep(1)  # nothing must happen in it
        expect((len(_ended(world, name, "Failed")), world.members(name)), (failed, []))
    finally:
        world.clear_faults(f"asg:{name}")
        world.sim("timing", {"asg_give_up": 86_400, "asg_launch_retry": 2.0})
    world.asg.resume_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    expect((len(world.in_service(name)), _suspended(world, name)), (1, {}))


@check
def given_up_at_once(world: World) -> None:
    """Who plays AWS can have a group given up without waiting a day"""
    name = world.group(world.template(), sizes=(0, 1, 0))
    world.sim("suspend", {"group": name})
    expect(_suspended(world, name)["Launch"].startswith("Administratively suspended at "), True)
    world.asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=1)
    time.sleep(1)  # nothing must happen in it
    expect(world.members(name), [])


@check
def last_member(world: World) -> None:
    """A member is not terminated with decrement where its group is at its minimum"""
    name = world.group(world.template())
    member = world.in_service(name)[0]["InstanceId"]
    terminate = world.asg.terminate_instance_in_auto_scaling_group
    wanted = {"InstanceId": member, "ShouldDecrementDesiredCapacity": True}
    code, message = world.refusal(terminate, **wanted)
    expect((code, "desiredSize equals minSize (1)" in message), ("ValidationError", True))
    expect(([one["InstanceId"] for one in world.members(name)], world.state(member)), ([member], "running"))
