"""EBS volumes."""

from __future__ import annotations

from .world import ZONES, World, check, check_alone, expect


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


LIMITS = [
    ({"VolumeType": "io1", "Size": 4, "Iops": 3000}, "Iops to volume size ratio of 750.000000 is too high; maximum is 50"),
    ({"VolumeType": "io2", "Size": 4, "Iops": 5000}, "Iops to volume size ratio of 1250.000000 is too high; maximum is 1000"),
    ({"VolumeType": "gp3", "Size": 8, "Iops": 16000}, "Iops to volume size ratio of 2000.000000 is too high; maximum is 500"),
    ({"VolumeType": "gp3", "Size": 8, "Iops": 2000}, "Volume iops of 2000 is too low; minimum is 3000."),
    ({"VolumeType": "io1", "Size": 8}, "The parameter iops must be specified for io1 volumes."),
    ({"VolumeType": "gp2", "Size": 8, "Iops": 3000}, "The parameter iops is not supported for gp2 volumes."),
    ({"VolumeType": "io1", "Size": 2, "Iops": 100}, "Volume of 2GiB is too small for volume type io1; minimum is 4GiB"),
    ({"VolumeType": "gp2", "Size": 20000}, "Volume of 20000GiB is too large for volume type gp2; maximum is 16384GiB"),
    ({"VolumeType": "st1", "Size": 100}, "Volume of 100GiB is too small for volume type st1; minimum is 125GiB"),
    (
        {"VolumeType": "gp3", "Size": 100, "Throughput": 1000},
        "Throughput (MiBps) to iops ratio of 0.333333 is too high; maximum is 0.250000 MiBps per iops",
    ),
    ({"VolumeType": "gp3", "Size": 100, "Throughput": 3000, "Iops": 12000}, "Volume throughput of 3000 MiB/s is too high"),
    ({"VolumeType": "gp2", "Size": 100, "Throughput": 200}, "The parameter throughput is not supported for gp2 volumes."),
]
WITHIN = [
    {"VolumeType": "io1", "Size": 60, "Iops": 3000},
    {"VolumeType": "io2", "Size": 5, "Iops": 5000},
    {"VolumeType": "gp3", "Size": 32, "Iops": 16000, "Throughput": 1000},
    # Whatever a volume's size, these it has.
    {"VolumeType": "gp3", "Size": 1, "Iops": 3000, "Throughput": 125},
]


@check
def static_limits(world: World) -> None:
    """A volume whose size, iops and throughput don't go together is refused in EBS's words, and made when they do"""
    for wanted, said in LIMITS:
        _, message = world.refusal(world.ec2.create_volume, AvailabilityZone=ZONES[0], **wanted)
        expect((wanted, said in message), (wanted, True))
    for wanted in WITHIN:
        expect((wanted, world.error(world.ec2.create_volume, AvailabilityZone=ZONES[0], **wanted)), (wanted, "no error"))


@check
def changed_limits(world: World) -> None:
    """A volume is neither made smaller nor changed beyond what its type takes"""
    volume = world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=10, VolumeType="gp3")["VolumeId"]
    modify = world.ec2.modify_volume
    expect(world.error(modify, VolumeId=volume, Size=8), "InvalidParameterValue")
    _, message = world.refusal(modify, VolumeId=volume, Iops=16000)
    expect("ratio of 1600.000000 is too high" in message, True)
    expect(world.error(modify, VolumeId=volume, Iops=16000, Size=40), "no error")
    expect(world.error(modify, VolumeId=volume, VolumeType="io1", Iops=2000), "no error")


def _with_key(world: World, key: str) -> str:
    created = world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=8, Encrypted=True, KmsKeyId=key)
    expect(created["State"], "creating")
    return created["VolumeId"]


def _gone(world: World, volume: str) -> bool:
    return world.error(world.ec2.describe_volumes, VolumeIds=[volume]) == "InvalidVolume.NotFound"


@check
def unusable_key(world: World) -> None:
    """A volume under a key that is disabled, or not for encryption, is answered for, and then ends in error"""
    kms = world.client("kms")
    disabled = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=disabled)
    signing = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]
    for volume in [_with_key(world, key) for key in (disabled, signing)]:
        expect(world.until(lambda one=volume: world.volume_state(one) == "error"), True)
        wanted = {"VolumeId": volume, "InstanceId": world.instance(), "Device": "/dev/sdf"}
        expect(world.error(world.ec2.attach_volume, **wanted), "IncorrectState")
        expect(world.error(world.ec2.delete_volume, VolumeId=volume), "no error")


@check
def missing_key(world: World) -> None:
    """A volume under a key that does not exist is answered for, and then is gone without a word"""
    for key in (f"arn:aws:kms:eu-west-1:0123456789012:key/{world.unique}", f"alias/{world.unique}"):
        volume = _with_key(world, key)
        expect(world.volume_state(volume), "creating")
        expect(world.until(lambda one=volume: _gone(world, one)), True)


@check
def usable_key(world: World) -> None:
    """A volume under a key that can encrypt becomes available, by the key's ARN and by its alias"""
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName=f"alias/{world.unique}", TargetKeyId=key["KeyId"])
    for volume in [_with_key(world, named) for named in (key["Arn"], f"alias/{world.unique}")]:
        expect(world.until(lambda one=volume: world.volume_state(one) == "available"), True)


@check_alone
def ordered_end(world: World) -> None:
    """The next volume ends as a fault says: in error, or gone"""
    world.sim("fault", {"action": "volume", "end": "error"})
    world.sim("fault", {"action": "volume", "end": "vanishes"})
    first, second, third = (
        world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=8)["VolumeId"] for _ in range(3)
    )
    expect(world.until(lambda: world.volume_state(first) == "error"), True)
    expect(world.until(lambda: _gone(world, second)), True)
    expect(world.until(lambda: world.volume_state(third) == "available"), True)
