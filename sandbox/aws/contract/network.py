"""Subnets, network interfaces, security groups."""

from __future__ import annotations

from .world import IMAGE, ZONES, World, check, expect


@check
def group_dependencies(world: World) -> None:
    """A security group is not deleted while a rule or an interface refers to it"""
    first, second = (
        world.ec2.create_security_group(GroupName=f"{name}-{world.unique}", Description="d", VpcId=world.vpc)["GroupId"]
        for name in "ab"
    )
    permission = {"IpProtocol": "tcp", "FromPort": 6443, "ToPort": 6443, "UserIdGroupPairs": [{"GroupId": second}]}
    world.ec2.authorize_security_group_ingress(GroupId=first, IpPermissions=[permission])
    delete = world.ec2.delete_security_group
    expect(world.error(delete, GroupId=second), "DependencyViolation")
    interface = world.interface(Groups=[first])
    expect(world.error(delete, GroupId=first), "DependencyViolation")
    world.ec2.delete_network_interface(NetworkInterfaceId=interface)
    expect(world.error(delete, GroupId=first), "no error")


@check
def groups_of_an_instance(world: World) -> None:
    """The security groups of an instance are those of the interface it was launched with, and no others once those are changed"""
    first, second = (
        world.ec2.create_security_group(GroupName=f"{name}-{world.unique}", Description="d", VpcId=world.vpc)["GroupId"]
        for name in "cd"
    )
    instance = world.instance(SecurityGroupIds=[first])

    def groups() -> tuple[list[str], list[str]]:
        found = world.describe(instance)
        of_interface = [group["GroupId"] for group in found["NetworkInterfaces"][0]["Groups"]]
        return [group["GroupId"] for group in found["SecurityGroups"]], of_interface

    expect(groups(), ([first], [first]))
    interface = world.describe(instance)["NetworkInterfaces"][0]["NetworkInterfaceId"]
    world.ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[second])
    expect(groups(), ([second], [second]))


@check
def tags_of_the_deleted(world: World) -> None:
    """A listing of tags holds none of what was deleted"""

    def tagged(kind: str) -> list:
        return [{"ResourceType": kind, "Tags": [{"Key": "of", "Value": world.unique}]}]

    def listed() -> list:
        filters = [{"Name": "value", "Values": [world.unique]}]
        return sorted(tag["ResourceType"] for tag in world.ec2.describe_tags(Filters=filters)["Tags"])

    group = world.ec2.create_security_group(
        GroupName=f"t-{world.unique}", Description="d", VpcId=world.vpc, TagSpecifications=tagged("security-group")
    )["GroupId"]
    interface = world.interface(TagSpecifications=tagged("network-interface"))
    volume = world.ec2.create_volume(AvailabilityZone=ZONES[0], Size=8, TagSpecifications=tagged("volume"))["VolumeId"]
    template = world.ec2.create_launch_template(
        LaunchTemplateName=f"t-{world.unique}", LaunchTemplateData={"ImageId": IMAGE}, TagSpecifications=tagged("launch-template")
    )["LaunchTemplate"]["LaunchTemplateId"]
    expect(listed(), ["launch-template", "network-interface", "security-group", "volume"])
    world.ec2.delete_volume(VolumeId=volume)
    world.ec2.delete_network_interface(NetworkInterfaceId=interface)
    world.ec2.delete_launch_template(LaunchTemplateId=template)
    expect(listed(), ["security-group"])
    world.ec2.delete_security_group(GroupId=group)
    expect(listed(), [])


@check
def interface_of_a_missing_group(world: World) -> None:
    """A network interface in a security group that does not exist is refused, and no such group comes to be"""
    group = world.ec2.create_security_group(GroupName=f"m-{world.unique}", Description="d", VpcId=world.vpc)["GroupId"]
    world.ec2.delete_security_group(GroupId=group)
    expect(world.error(world.interface, Groups=[group]), "InvalidGroup.NotFound")
    expect(world.error(world.ec2.describe_security_groups, GroupIds=[group]), "InvalidGroup.NotFound")


@check
def rules_all_or_none(world: World) -> None:
    """Rules are authorised all or none, and a protocol without ports is a rule like any other"""
    group = world.ec2.create_security_group(GroupName=f"r-{world.unique}", Description="d", VpcId=world.vpc)["GroupId"]

    def permission(port: int) -> dict:
        ranges = [{"CidrIp": "10.0.0.0/8", "Description": f"port {port}"}]
        return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges}

    ip_in_ip = {"IpProtocol": "4", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    authorize = world.ec2.authorize_security_group_ingress
    made = authorize(GroupId=group, IpPermissions=[permission(1), ip_in_ip])["SecurityGroupRules"]
    expect(len(made), 2)
    again = [permission(2), permission(1)]
    expect(world.error(authorize, GroupId=group, IpPermissions=again), "InvalidPermission.Duplicate")

    def ports() -> list:
        rules = world.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
        return sorted((rule["IpProtocol"], rule.get("FromPort", 0)) for rule in rules)

    expect(ports(), [("4", 0), ("tcp", 1)])
    undescribed = {**permission(1), "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    world.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[undescribed])
    expect(ports(), [("4", 0)])


@check
def subnet_dependencies(world: World) -> None:
    """A subnet with an interface in it is not deleted"""
    world.interface()
    expect(world.error(world.ec2.delete_subnet, SubnetId=world.subnets[0]), "DependencyViolation")


@check
def addresses(world: World) -> None:
    """An interface's address is in its subnet, not reserved, and not taken"""

    def create(address: str) -> str:
        return world.error(world.ec2.create_network_interface, SubnetId=world.subnets[0], PrivateIpAddress=address)

    found = [create("127.16.9.9"), create("127.16.1.200"), create("127.16.1.200"), create("127.16.1.2")]
    expect(found, ["InvalidParameterValue", "no error", "InvalidIPAddress.InUse", "InvalidParameterValue"])


@check
def taken_address(world: World) -> None:
    """An instance never gets an interface's address"""
    world.interface(PrivateIpAddress="127.16.1.4")
    expect(world.describe(world.instance())["PrivateIpAddress"] == "127.16.1.4", False)


@check
def interface_in_use(world: World) -> None:
    """An interface in use is neither attached again nor deleted, and comes free when its instance is terminated"""
    ec2 = world.ec2
    interface = world.interface(PrivateIpAddress="127.16.1.201")
    holder, other = world.instance(), world.instance()
    elsewhere = world.instance(SubnetId=world.subnets[1])

    def attach(instance: str) -> str:
        wanted = {"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": 1}
        return world.error(ec2.attach_network_interface, **wanted)

    def status() -> str:
        return ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"][0]["Status"]

    expect((attach(elsewhere), attach(holder)), ("InvalidParameterCombination", "no error"))
    expect(world.error(ec2.delete_network_interface, NetworkInterfaceId=interface), "InvalidParameterValue")
    expect(attach(other), "InvalidNetworkInterface.InUse")
    world.terminate(holder)
    expect(status(), "in-use")
    expect(world.until(lambda: status() == "available"), True)
    expect((world.state(holder), attach(other)), ("terminated", "no error"))


@check
def attach_to_pending(world: World) -> None:
    """An interface is not attached to an instance that is still pending"""
    instance = world.ec2.run_instances(
        ImageId="ami-slipway-1", MinCount=1, MaxCount=1, InstanceType="m5.large", SubnetId=world.subnets[0]
    )["Instances"][0]["InstanceId"]
    wanted = {"NetworkInterfaceId": world.interface(), "InstanceId": instance, "DeviceIndex": 1}
    expect(world.error(world.ec2.attach_network_interface, **wanted), "IncorrectState")


@check
def primary_interface(world: World) -> None:
    """The interface that a launch made goes with its instance"""
    instance = world.instance()
    world.terminate(instance)

    def interfaces() -> list:
        filters = [{"Name": "subnet-id", "Values": [world.subnets[0]]}]
        return world.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]

    expect(world.until(lambda: interfaces() == []), True)


@check
def existing_interface(world: World) -> None:
    """A launch with an existing interface takes its address and zone, and only one instance can have it"""
    interface = world.interface(subnet=1, PrivateIpAddress="127.16.2.200")
    wanted = [{"NetworkInterfaceId": interface, "DeviceIndex": 0}]
    shown = world.describe(world.instance(NetworkInterfaces=wanted))
    expect((shown["PrivateIpAddress"], shown["Placement"]["AvailabilityZone"]), ("127.16.2.200", "eu-west-1b"))
    expect(world.error(world.instance, NetworkInterfaces=wanted), "InvalidNetworkInterface.InUse")


@check
def nat_gateway(world: World) -> None:
    """A NAT gateway has an address of its subnet"""
    created = world.ec2.create_nat_gateway(SubnetId=world.subnets[0], ConnectivityType="private")["NatGateway"]
    interfaces = world.ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [world.subnets[0]]}])
    addresses = [interface["PrivateIpAddress"].startswith("127.16.1.") for interface in interfaces["NetworkInterfaces"]]
    expect((created["State"], addresses), ("available", [True]))
