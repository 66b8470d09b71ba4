"""EC2 instances and launch templates."""

from __future__ import annotations

import base64
import time
import uuid

from botocore.exceptions import ClientError

from .world import IMAGE, OTHER_IMAGE, World, check, expect


@check
def states(world: World) -> None:
    """An instance is seen pending, running, shutting down and terminated"""
    launched = world.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, SubnetId=world.subnets[0])
    instance = launched["Instances"][0]["InstanceId"]
    seen = [world.state(instance)]
    world.until(lambda: world.state(instance) == "running")
    seen.append(world.state(instance))
    world.terminate(instance)
    seen.append(world.state(instance))
    world.until(lambda: world.state(instance) == "terminated")
    seen.append(world.state(instance))
    expect(seen, ["pending", "running", "shutting-down", "terminated"])


@check
def names(world: World) -> None:
    """An instance has an address of its subnet and a private DNS name made of it"""
    shown = world.describe(world.instance())
    name = f"ip-{shown['PrivateIpAddress'].replace('.', '-')}.eu-west-1.compute.internal"
    expect((shown["PrivateIpAddress"].startswith("127.16.1."), shown["PrivateDnsName"]), (True, name))


@check
def images(world: World) -> None:
    """Slipway's images exist under any version; another image that was never registered does not"""
    found = world.ec2.describe_images(ImageIds=["ami-slipway-1.36.3"])["Images"]
    expect([(image["ImageId"], image["State"]) for image in found], [("ami-slipway-1.36.3", "available")])
    unknown = {"ImageId": "ami-0123456789abcdef0", "MinCount": 1, "MaxCount": 1, "SubnetId": world.subnets[0]}
    expect(world.error(world.ec2.run_instances, **unknown), "InvalidAMIID.NotFound")


@check
def key_pairs(world: World) -> None:
    """A launch with a key pair that does not exist is refused"""
    wanted = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "SubnetId": world.subnets[0], "KeyName": "no-such-pair"}
    expect(world.error(world.ec2.run_instances, **wanted), "InvalidKeyPair.NotFound")


@check
def offerings(world: World) -> None:
    """An instance type is offered zone by zone"""
    found = world.ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["t3.medium"]}]
    )["InstanceTypeOfferings"]
    expect(sorted(offer["Location"] for offer in found), ["eu-west-1a", "eu-west-1b", "eu-west-1c"])


@check
def filter_by_client_token(world: World) -> None:
    """Instances are found by their client token"""
    token = uuid.uuid4().hex
    world.instance(ClientToken=token)
    found = world.ec2.describe_instances(Filters=[{"Name": "client-token", "Values": [token]}])["Reservations"]
    expect(len(found), 1)


@check
def source_version(world: World) -> None:
    """A template version takes from its source what it does not say itself"""
    template = world.template(UserData=base64.b64encode(b"u").decode())
    world.ec2.create_launch_template_version(
        LaunchTemplateId=template, SourceVersion="1", LaunchTemplateData={"InstanceType": "m5.xlarge"}
    )
    found = world.ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=["2"])
    data = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    expect((data.get("ImageId"), data.get("InstanceType")), (IMAGE, "m5.xlarge"))


@check
def versions_are_deleted(world: World) -> None:
    """A deleted template version is gone, and its number is not used again"""
    template = world.template()
    data = {"ImageId": OTHER_IMAGE}
    world.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    world.ec2.delete_launch_template_versions(LaunchTemplateId=template, Versions=["2"])
    created = world.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
    expect(created["LaunchTemplateVersion"]["VersionNumber"], 3)


@check
def unknown_template(world: World) -> None:
    """An unknown template id is an error, not an empty list"""
    found = world.error(world.ec2.describe_launch_templates, LaunchTemplateIds=["lt-0123456789abcdef0"])
    expect(found, "InvalidLaunchTemplateId.NotFound")


@check
def not_implemented(world: World) -> None:
    """What the simulation does not know is a clear error that no SDK retries"""
    expect(world.error(world.ec2.describe_volume_status), "SimNotImplemented")


@check
def topology(world: World) -> None:
    """The topology of instances, which the cloud controller asks for, is an empty list"""
    try:
        found = world.ec2.describe_instance_topology()["Instances"]
    except ClientError as error:
        raise AssertionError(str(error)) from error
    expect(found, [])


@check
def template_tags(world: World) -> None:
    """Tags put on a launch template later are shown with it"""
    template = world.template()
    world.ec2.create_tags(Resources=[template], Tags=[{"Key": "cluster", "Value": world.unique}])
    shown = world.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"][0]
    expect(shown["Tags"], [{"Key": "cluster", "Value": world.unique}])


@check
def lingering(world: World) -> None:
    """An instance that EC2 can't finish with stays shutting-down, and holds its volume and its interface until it is ended by force"""
    instance, volume, interface = world.instance(), world.volume(), world.interface()
    world.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    world.ec2.attach_network_interface(NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=1)
    world.sim("linger", {"id": instance, "seconds": 3600})
    world.terminate(instance)
    world.sim("ended", {"id": instance})
    time.sleep(world.sim("timing")["shutting_down"] + 1)

    def held() -> tuple[str, str, str]:
        shown = world.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]
        return world.state(instance), world.volume_state(volume), shown["Status"]

    expect(held(), ("shutting-down", "in-use", "in-use"))
    # Told once more, it is no sooner done; by force it is.
    world.terminate(instance)
    time.sleep(world.sim("timing")["shutting_down"] + 1)
    expect(held(), ("shutting-down", "in-use", "in-use"))
    world.ec2.terminate_instances(InstanceIds=[instance], Force=True)
    expect(world.until(lambda: held() == ("terminated", "available", "available")), True)
