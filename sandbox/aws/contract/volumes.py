"""EBS volumes."""

from __future__ import annotations

from .world import ZONES, World, check, expect


@check
def attaching(world: World) -> None:
    """A volume is attached to one instance, of its own zone"""
    here, elsewhere = world.volume(), world.volume(ZONES[1])
    first, second = world.instance(), world.instance()

    def attach(volume: str, instance: str, device: str = "/dev/sdf") -> str:
        return world.error(world.ec2.attach_volume, VolumeId=volume, InstanceId=instance, Device=device)

    found = [attach(here, first), attach(here, second), attach(elsewhere, first, "/dev/sdg")]
    expect(found, ["no error", "VolumeInUse", "InvalidVolume.ZoneMismatch"])


@check
def survival(world: World) -> None:
    """An attached volume survives its instance, and comes free only when that is terminated"""
    volume, instance = world.volume(), world.instance()
    world.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    world.terminate(instance)
    expect(world.volume_state(volume), "in-use")
    expect(world.until(lambda: world.volume_state(volume) == "available"), True)
    expect(world.state(instance), "terminated")


@check
def states(world: World) -> None:
    """Creating and attaching a volume take time"""
    created = world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=8)["VolumeId"]
    expect(world.volume_state(created), "creating")
    instance = world.instance()
    world.until(lambda: world.volume_state(created) == "available")
    world.ec2.attach_volume(VolumeId=created, InstanceId=instance, Device="/dev/sdf")

    def attachment() -> str:
        return world.ec2.describe_volumes(VolumeIds=[created])["Volumes"][0]["Attachments"][0]["State"]

    expect(attachment(), "attaching")
    expect(world.until(lambda: attachment() == "attached"), True)


@check
def not_yet_created(world: World) -> None:
    """A volume that is still being created is not attached"""
    instance = world.instance()
    created = world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=8)["VolumeId"]
    wanted = {"VolumeId": created, "InstanceId": instance, "Device": "/dev/sdf"}
    expect(world.error(world.ec2.attach_volume, **wanted), "IncorrectState")


@check
def limits(world: World) -> None:
    """A volume has a size, iops and throughput that EBS makes, also once it is modified"""

    def make(**wanted: object) -> str:
        return world.error(world.ec2.create_volume, AvailabilityZone=ZONES[0], **wanted)

    refused = [
        make(VolumeType="io1", Size=4, Iops=3000),
        make(VolumeType="io2", Size=3, Iops=100),
        make(VolumeType="gp3", Size=8, Iops=16000),
        make(VolumeType="gp3", Size=8, Throughput=1000),
        make(VolumeType="gp2", Size=16385),
    ]
    expect(refused, ["InvalidParameterValue"] * 5)
    taken = [
        make(VolumeType="io2", Size=4, Iops=4000),
        make(VolumeType="gp3", Size=160, Iops=80000, Throughput=2000),
        make(VolumeType="gp3", Size=1, Iops=3000, Throughput=750),
        make(VolumeType="gp3", Size=65536),
    ]
    expect(taken, ["no error"] * 4)
    volume = world.volume()
    expect(world.error(world.ec2.modify_volume, VolumeId=volume, VolumeType="io1", Iops=50000), "InvalidParameterValue")
