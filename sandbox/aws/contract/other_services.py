"""KMS, IAM, and the simulation's own door."""

from __future__ import annotations

import base64
import threading
from typing import Any

from .world import World, check, expect


@check
def disabled_key(world: World) -> None:
    """A disabled KMS key neither encrypts, decrypts nor makes data keys, until it is enabled again"""
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"cluster": "c"})["CiphertextBlob"]
    opened = {"CiphertextBlob": sealed, "EncryptionContext": {"cluster": "c"}}
    kms.disable_key(KeyId=key)
    found = [
        world.error(kms.encrypt, KeyId=key, Plaintext=b"x"),
        world.error(kms.generate_data_key, KeyId=key, KeySpec="AES_256"),
        world.error(kms.decrypt, **opened),
    ]
    expect(found, ["DisabledException"] * 3)
    kms.enable_key(KeyId=key)
    expect(kms.decrypt(**opened)["Plaintext"], b"secret")


@check
def plain_key(world: World) -> None:
    """A key that CreateKey was asked for without a word is a symmetric one that encrypts, and is enabled"""
    kms = world.client("kms")
    key = kms.describe_key(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])["KeyMetadata"]
    expect((key["KeyUsage"], key["KeySpec"], key["KeyState"]), ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "Enabled"))


@check
def keys_by_arn(world: World) -> None:
    """A key is disabled and enabled by its ARN, too"""
    kms = world.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.disable_key(KeyId=arn)
    disabled = kms.describe_key(KeyId=arn)["KeyMetadata"]["Enabled"]
    kms.enable_key(KeyId=arn)
    expect((disabled, kms.describe_key(KeyId=arn)["KeyMetadata"]["Enabled"]), (False, True))


@check
def keys_of_elsewhere(world: World) -> None:
    """An ARN of another partition or region names no key, although there is one of the same id here"""
    kms = world.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    others = [arn.replace("arn:aws:", "arn:aws-cn:"), arn.replace(":eu-west-1:", ":us-east-1:")]
    expect([world.error(kms.describe_key, KeyId=one) for one in others], ["NotFoundException"] * 2)
    expect([world.error(kms.encrypt, KeyId=one, Plaintext=b"x") for one in others], ["NotFoundException"] * 2)


@check
def keys_of_others(world: World) -> None:
    """A key of another account is shown to nobody whom its policy does not name"""
    kms = world.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    theirs = ":".join([*arn.split(":")[:4], "999999999999", *arn.split(":")[5:]])
    expect(world.error(kms.describe_key, KeyId=theirs), "AccessDeniedException")


@check
def encryption_context(world: World) -> None:
    """What was sealed under one encryption context is not opened under another"""
    kms = world.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"cluster": "c"})["CiphertextBlob"]
    wrong = {"CiphertextBlob": sealed, "EncryptionContext": {"cluster": "other"}}
    expect(world.error(kms.decrypt, **wrong), "InvalidCiphertextException")


@check
def missing_profile(world: World) -> None:
    """An instance profile that does not exist is an error with IAM's own code"""
    found = world.error(world.client("iam").get_instance_profile, InstanceProfileName="no-such-profile")
    expect(found, "NoSuchEntity")


@check
def events(world: World) -> None:
    """Whoever waits for events sees an instance's whole life, with its user data"""
    start = world.sim("events?timeout=0")["next"]
    seen: list[dict[str, Any]] = []
    enough = threading.Event()

    def follow() -> None:
        position = start
        while not enough.is_set():
            answer = world.sim(f"events?after={position}&timeout=1")
            position = answer["next"]
            seen.extend(answer["events"])

    follower = threading.Thread(target=follow)
    follower.start()
    instance = world.instance(UserData="#cloud-config")
    world.terminate(instance)

    def life() -> list[dict[str, Any]]:
        changes = [event for event in seen if event["type"].startswith("instance-")]
        return [event for event in changes if event["instance"]["id"] == instance]

    world.until(lambda: len(life()) >= 4)
    enough.set()
    follower.join()
    states = [event["type"].removeprefix("instance-") for event in life()]
    expect(states, ["pending", "running", "shutting-down", "terminated"])
    expect(base64.b64decode(life()[0]["instance"]["userData"]).decode(), "#cloud-config")


@check
def instances_view(world: World) -> None:
    """The view of instances has what a host needs to play one"""
    instance = world.instance()
    interface = world.interface(PrivateIpAddress="127.16.1.222")
    world.ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=1)
    shown = next(view for view in world.sim("instances") if view["id"] == instance)
    expect([(eni["index"], eni["ip"]) for eni in shown["enis"]][1], (1, "127.16.1.222"))
    expect((shown["state"], shown["region"], shown["subnetId"]), ("running", "eu-west-1", world.subnets[0]))


@check
def load_balancer_view(world: World) -> None:
    """The view of load balancers has addresses, listeners, targets and health checks"""
    created, target_group = world.load_balancer(), world.target_group()
    world.listen(created["LoadBalancerArn"], target_group)
    world.elb.register_targets(TargetGroupArn=target_group, Targets=[{"Id": "127.16.1.200", "Port": 6443}])
    shown = next(view for view in world.sim("load-balancers") if view["arn"] == created["LoadBalancerArn"])
    listener = shown["listeners"][0]
    expect((shown["dns"], shown["addresses"]), (created["DNSName"], ["127.16.1.250"]))
    expect((listener["port"], listener["targets"]), (443, [{"id": "127.16.1.200", "port": 6443}]))
    expect(listener["targetGroups"][0]["healthCheck"]["protocol"], "TCP")
