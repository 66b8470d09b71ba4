r"""EC2's filters take `*`, `?` and `\`, and any of their values is enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .world import ZONES, World, check, expect

NAMES = ["gke-a", "gke-b", "gke-ab", "gke-*", "other"]
# What a filter asks for, and what it finds. `{}` is what makes the names of one check its own.
CASES = [
    (["{}gke-*"], ["gke-*", "gke-a", "gke-ab", "gke-b"]),
    (["{}gke-?"], ["gke-*", "gke-a", "gke-b"]),
    (["{}gke-\\*"], ["gke-*"]),
    (["{}gke-[ab]"], []),
    (["{}gke-a"], ["gke-a"]),
    (["{}GKE-a"], []),
    (["{}gke-a", "{}other"], ["gke-a", "other"]),
    (["{}gke"], []),
]


def _expect_all(world: World, found: Callable[[list[str]], list[str]]) -> None:
    prefix = f"{world.unique}-"
    for asked, wanted in CASES:
        names = [one.format(prefix) for one in asked]
        expect((asked, sorted(name.removeprefix(prefix) for name in found(names))), (asked, sorted(wanted)))


@check
def key_pairs(world: World) -> None:
    """Key pairs are found by patterns of their names"""
    for name in NAMES:
        world.ec2.create_key_pair(KeyName=f"{world.unique}-{name}")

    def found(names: list[str]) -> list[str]:
        pairs = world.ec2.describe_key_pairs(Filters=[{"Name": "key-name", "Values": names}])["KeyPairs"]
        return [pair["KeyName"] for pair in pairs]

    _expect_all(world, found)


@check
def tags(world: World) -> None:
    """Volumes, security groups and interfaces are found by patterns of their tags' values, and a tag's key is no pattern"""

    def tagged(kind: str, name: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "named*", "Value": f"{world.unique}-{name}"}]}]

    for name in NAMES:
        world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=8, TagSpecifications=tagged("volume", name))
        world.interface(TagSpecifications=tagged("network-interface", name))
        world.ec2.create_security_group(
            GroupName=f"{world.unique}-{NAMES.index(name)}",
            Description="d",
            VpcId=world.vpc,
            TagSpecifications=tagged("security-group", name),
        )
    listings: list[tuple[Callable[..., Any], str, str]] = [
        (world.ec2.describe_volumes, "Volumes", "Tags"),
        (world.ec2.describe_network_interfaces, "NetworkInterfaces", "TagSet"),
        (world.ec2.describe_security_groups, "SecurityGroups", "Tags"),
    ]
    for describe, key, of in listings:

        def found(names: list[str], describe: Any = describe, key: str = key, of: str = of) -> list[str]:
            shown = describe(Filters=[{"Name": "tag:named*", "Values": names}])[key]
            return [tag["Value"] for one in shown for tag in one[of] if tag["Key"] == "named*"]

        _expect_all(world, found)
        expect(describe(Filters=[{"Name": "tag:name*", "Values": [f"{world.unique}-*"]}])[key], [])
    listed = world.ec2.describe_tags(Filters=[{"Name": "value", "Values": [f"{world.unique}-gke-?"]}])["Tags"]
    expect(len(listed), 9)


@check
def instances(world: World) -> None:
    """Instances are found by patterns of their types and tags"""
    tag = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"{world.unique}-one"}]}]
    instance = world.instance(TagSpecifications=tag)

    def found(*filters: tuple[str, str]) -> list[str]:
        wanted = [{"Name": name, "Values": [value]} for name, value in filters]
        reservations = world.ec2.describe_instances(Filters=wanted)["Reservations"]
        return [one["InstanceId"] for reservation in reservations for one in reservation["Instances"]]

    named = ("tag:Name", f"{world.unique}-*")
    expect(found(named, ("instance-type", "m5.*")), [instance])
    expect(found(named, ("instance-type", "c5.*")), [])
    expect(found(("tag:Name", f"{world.unique}-\\*")), [])


@check
def any_value(world: World) -> None:
    """Of a resource with several values, one that matches is enough"""
    volume = world.volume()
    tags = [{"Key": f"a-{world.unique}", "Value": "1"}, {"Key": f"b-{world.unique}", "Value": "2"}]
    world.ec2.create_tags(Resources=[volume], Tags=tags)

    def found(*keys: str) -> list[str]:
        shown = world.ec2.describe_volumes(Filters=[{"Name": "tag-key", "Values": list(keys)}])["Volumes"]
        return [one["VolumeId"] for one in shown]

    expect((found(f"a-{world.unique}", "no-such-key"), found(f"?-{world.unique}")), ([volume], [volume]))
