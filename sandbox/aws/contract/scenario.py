"""Whole clusters as a controller builds them: created, one machine replaced with its volume and interface, torn down.

The teardown meets every refusal that AWS makes while something is in use, and retries as a controller would.
"""

from __future__ import annotations

import base64
import concurrent.futures
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from .world import IMAGE, OTHER_IMAGE, PATIENCE, TYPE, ZONES, World, expect

IN_USE = {
    "DependencyViolation",
    "InvalidParameterValue",
    "VolumeInUse",
    "ResourceInUse",
    "OperationNotPermitted",
    "InvalidNetworkInterface.InUse",
    "IncorrectState",
}
REPLICAS = range(3)


def run_scenario(world: World, clusters: int) -> None:
    # What earlier checks left behind is still on its way out.
    expect(world.until(lambda: _settled(world)), True)
    before = world.sim("inventory?account=0123456789012")
    world.build_network()
    with concurrent.futures.ThreadPoolExecutor(clusters) as pool:
        for finished in [pool.submit(Cluster(world, number).live) for number in range(clusters)]:
            finished.result()
    for subnet in world.subnets:
        _retry(world.ec2.delete_subnet, SubnetId=subnet)
    world.ec2.delete_vpc(VpcId=world.vpc)
    after = world.sim("inventory?account=0123456789012")
    # Checks before this one leave instances in groups; only what this scenario made may differ, and that is nothing.
    expect([row for row in after if row not in before], [])
    expect([row for row in before if row not in after], [])


def _settled(world: World) -> bool:
    """Nothing changes any more: two inventories a second apart are equal."""
    first = world.sim("snapshot-hash?account=0123456789012")
    time.sleep(1)
    return world.sim("snapshot-hash?account=0123456789012") == first


def _retry(call: Callable[..., Any], **arguments: Any) -> Any:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] not in IN_USE or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


class Cluster:
    def __init__(self, world: World, number: int):
        self.world, self.number = world, number
        self.name = f"c{number}-{world.unique}"

    def live(self) -> None:
        self._build()
        holders = [self._bind(replica, None) for replica in REPLICAS]
        self.world.terminate(holders[0])
        replacement = self._bind(0, holders[0])
        expect(replacement == holders[0], False)
        self._tear_down()

    def _tags(self, kind: str) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": [{"Key": "cluster", "Value": self.name}]}]

    def _group_name(self, replica: int) -> str:
        return f"{self.name}-{replica}"

    def _build(self) -> None:
        world, ec2, elb = self.world, self.world.ec2, self.world.elb
        self.groups = [
            ec2.create_security_group(
                GroupName=f"{self.name}-{role}",
                Description="d",
                VpcId=world.vpc,
                TagSpecifications=self._tags("security-group"),
            )["GroupId"]
            for role in ("controlplane", "nodepool")
        ]
        for target, source in ((0, 1), (1, 0), (0, 0)):
            pair = [{"GroupId": self.groups[source]}]
            permission = {"IpProtocol": "tcp", "FromPort": 6443, "ToPort": 6443, "UserIdGroupPairs": pair}
            ec2.authorize_security_group_ingress(GroupId=self.groups[target], IpPermissions=[permission])
        self.interfaces = [
            ec2.create_network_interface(
                SubnetId=world.subnets[replica],
                Groups=[self.groups[0]],
                ClientToken=f"{self.name}-eni-{replica}",
                TagSpecifications=self._tags("network-interface"),
            )["NetworkInterface"]
            for replica in REPLICAS
        ]
        self.volumes = [
            ec2.create_volume(
                AvailabilityZone=ZONES[replica],
                Size=20,
                VolumeType="gp3",
                Encrypted=True,
                ClientToken=f"{self.name}-volume-{replica}",
                TagSpecifications=self._tags("volume"),
            )["VolumeId"]
            for replica in REPLICAS
        ]
        self.load_balancer = elb.create_load_balancer(
            Name=self.name, Type="network", Scheme="internal", Subnets=world.subnets
        )["LoadBalancers"][0]["LoadBalancerArn"]
        self.target_group = elb.create_target_group(
            Name=self.name, Protocol="TCP", Port=6443, VpcId=world.vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        targets = [{"Id": interface["PrivateIpAddress"], "Port": 6443} for interface in self.interfaces]
        elb.register_targets(TargetGroupArn=self.target_group, Targets=targets)
        world.listen(self.load_balancer, self.target_group)
        self.templates = [self._template(replica) for replica in REPLICAS]
        for replica in REPLICAS:
            self._auto_scaling_group(self._group_name(replica), self.templates[replica], 1, world.subnets[replica])
        self._auto_scaling_group(f"{self.name}-pool", self.templates[0], 3, ",".join(world.subnets))

    def _template(self, replica: int) -> str:
        def data(image: str, user_data: bytes) -> dict[str, Any]:
            encoded = base64.b64encode(user_data).decode()
            base = {"ImageId": image, "InstanceType": TYPE, "UserData": encoded}
            return base | {"SecurityGroupIds": [self.groups[0]]}

        template = self.world.ec2.create_launch_template(
            LaunchTemplateName=self._group_name(replica),
            ClientToken=f"{self.name}-template-{replica}",
            LaunchTemplateData=data(IMAGE, b"v1"),
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.world.ec2.create_launch_template_version(
            LaunchTemplateId=template, LaunchTemplateData=data(OTHER_IMAGE, b"v2")
        )
        return template

    def _auto_scaling_group(self, name: str, template: str, size: int, subnets: str) -> None:
        self.world.asg.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=size,
            MaxSize=size,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "2"},
            VPCZoneIdentifier=subnets,
        )

    def _bind(self, replica: int, dead: str | None) -> str:
        """What an agent does at boot: attach the replica's interface and volume once the old holder let go of them."""
        ec2 = self.world.ec2
        holder: list[str] = []

        def found() -> bool:
            serving = [member["InstanceId"] for member in self.world.in_service(self._group_name(replica))]
            holder[:] = [instance for instance in serving if instance != dead]
            return bool(holder)

        expect(self.world.until(found), True)
        instance, interface = holder[0], self.interfaces[replica]["NetworkInterfaceId"]
        _retry(ec2.attach_network_interface, NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=1)
        _retry(ec2.attach_volume, VolumeId=self.volumes[replica], InstanceId=instance, Device="/dev/sdf")
        return instance

    def _tear_down(self) -> None:
        world, ec2, elb = self.world, self.world.ec2, self.world.elb
        for group in self.groups:
            shown = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
            ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=shown["IpPermissions"])
        for name in [*(self._group_name(replica) for replica in REPLICAS), f"{self.name}-pool"]:
            world.asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)
        elb.delete_load_balancer(LoadBalancerArn=self.load_balancer)
        _retry(elb.delete_target_group, TargetGroupArn=self.target_group)
        for interface in self.interfaces:
            _retry(ec2.delete_network_interface, NetworkInterfaceId=interface["NetworkInterfaceId"])
        for volume in self.volumes:
            _retry(ec2.delete_volume, VolumeId=volume)
        for group in self.groups:
            _retry(ec2.delete_security_group, GroupId=group)
        for template in self.templates:
            ec2.delete_launch_template(LaunchTemplateId=template)
        expect(world.until(lambda: world.describe_group(f"{self.name}-pool") is None), True)
