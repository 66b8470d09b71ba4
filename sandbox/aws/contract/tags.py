"""What may be a tag, service by service."""

from __future__ import annotations

from typing import Any

from .world import ZONES, World, check, expect

# Keys and values that EC2 takes and load balancing does not.
OF_EC2_ALONE = ["cost;center", "(HEAD", "R&D #7", "a,b", "100%", "star*"]
OF_BOTH = ["cost center", "Übergröße", "a_b.c:d/e=f+g-h@i", "費用", ""]


def _tags(key: str, value: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value}]


@check
def characters(world: World) -> None:
    """Load balancing refuses characters of tags that EC2 takes, at creation and later, and nothing is made"""
    elb, volume = world.elb, world.volume()
    existing = world.load_balancer()["LoadBalancerArn"]
    target_group = {"Protocol": "TCP", "Port": 6443, "VpcId": world.vpc, "TargetType": "ip"}
    for value in OF_EC2_ALONE:
        name = f"t-{world.unique}"
        code, message = world.refusal(elb.create_target_group, Name=name, **target_group, Tags=_tags("v", value))
        expect((code, f"Value '{value}' at 'tags.1.member.value'" in message), ("ValidationError", True))
        expect(world.error(elb.describe_target_groups, Names=[name]), "TargetGroupNotFound")
        found = [
            world.error(elb.add_tags, ResourceArns=[existing], Tags=_tags(value, "v")),
            world.error(elb.create_load_balancer, Name=name, Subnets=world.subnets, Tags=_tags("v", value)),
            world.error(world.ec2.create_tags, Resources=[volume], Tags=_tags(value, value)),
        ]
        expect((value, found), (value, ["ValidationError", "ValidationError", "no error"]))
    for value in OF_BOTH:
        expect((value, world.error(elb.add_tags, ResourceArns=[existing], Tags=_tags("k", value))), (value, "no error"))


@check
def classic_characters(world: World) -> None:
    """So does classic load balancing"""
    classic, name = world.client("elb"), f"tc-{world.unique}"
    listener = {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 31128, "InstanceProtocol": "TCP"}
    wanted = {"LoadBalancerName": name, "Listeners": [listener], "Subnets": world.subnets}
    refused = world.error(classic.create_load_balancer, **wanted, Tags=_tags("owner", "R&D"))
    expect((refused, world.error(classic.create_load_balancer, **wanted)), ("ValidationError", "no error"))


@check
def reserved(world: World) -> None:
    """No service takes a tag whose key begins with aws:, whatever its case"""
    volume, name = world.volume(), world.group(world.template(), sizes=(0, 1, 0))
    arn = world.load_balancer()["LoadBalancerArn"]
    for key in ("aws:mine", "AWS:mine"):
        tag = {"Key": key, "Value": "v", "ResourceId": name, "ResourceType": "auto-scaling-group"}
        created = [{"ResourceType": "volume", "Tags": _tags(key, "v")}]
        found = [
            world.error(world.ec2.create_tags, Resources=[volume], Tags=_tags(key, "v")),
            world.error(world.ec2.create_volume, AvailabilityZone=ZONES[0], Size=8, TagSpecifications=created),
            world.error(world.asg.create_or_update_tags, Tags=[{**tag, "PropagateAtLaunch": True}]),
            world.error(world.elb.add_tags, ResourceArns=[arn], Tags=_tags(key, "v")),
        ]
        expect(found, ["InvalidParameterValue", "InvalidParameterValue", "ValidationError", "ValidationError"])


@check
def fifty(world: World) -> None:
    """A resource has fifty tags at most, at creation and later; one that would have more is not made"""

    def many(count: int, start: int = 0) -> list[dict[str, str]]:
        return [{"Key": f"{world.unique}-{number}", "Value": ""} for number in range(start, start + count)]

    def made(count: int) -> str:
        specification = [{"ResourceType": "volume", "Tags": many(count)}]
        create = world.ec2.create_volume
        return world.error(create, AvailabilityZone=ZONES[0], Size=8, TagSpecifications=specification)

    expect((made(51), made(50)), ("TagLimitExceeded", "no error"))
    found = world.ec2.describe_volumes(Filters=[{"Name": "tag-key", "Values": [f"{world.unique}-0"]}])["Volumes"]
    expect(len(found), 1)
    more = world.error(world.ec2.create_tags, Resources=[found[0]["VolumeId"]], Tags=many(1, start=50))
    arn = world.load_balancer(Tags=many(50))["LoadBalancerArn"]
    expect((more, world.error(world.elb.add_tags, ResourceArns=[arn], Tags=many(1, 50))), ("TagLimitExceeded", "TooManyTags"))
    expect(world.error(world.elb.add_tags, ResourceArns=[arn], Tags=many(50)), "no error")


@check
def lengths(world: World) -> None:
    """A tag's key has 128 characters at most, its value 256, and a key comes once"""
    volume = world.volume()

    def tag(*tags: dict[str, str]) -> str:
        return world.error(world.ec2.create_tags, Resources=[volume], Tags=list(tags))

    long: list[Any] = [*_tags("k" * 129, ""), *_tags("k", "v" * 257)]
    expect([tag(one) for one in long] + [tag(*_tags("a", "1"), *_tags("a", "2"))], ["InvalidParameterValue"] * 3)
    expect(tag(*_tags("k" * 128, "v" * 256)), "no error")


@check
def in_metadata(world: World) -> None:
    """An instance whose tags are in its metadata is not launched, nor tagged, with a key that has a slash or a blank"""
    shown = {"MetadataOptions": {"InstanceMetadataTags": "enabled"}}

    def launch(key: str, **more: Any) -> str:
        specification = [{"ResourceType": "instance", "Tags": _tags(key, "v")}]
        return world.error(world.instance, TagSpecifications=specification, **more)

    slashed = "kubernetes.io/cluster/a"
    expect((launch(slashed, **shown), launch("a b", **shown)), ("InvalidParameterValue", "InvalidParameterValue"))
    expect((launch(slashed), launch("a-b:c", **shown)), ("no error", "no error"))
    instance = world.instance(**shown)
    expect(world.error(world.ec2.create_tags, Resources=[instance], Tags=_tags(slashed, "v")), "InvalidParameterValue")
    template = world.template(**shown, TagSpecifications=[{"ResourceType": "instance", "Tags": _tags(slashed, "v")}])
    expect(world.error(world.group, template=template, sizes=(0, 1, 0)), "ValidationError")
