"""What a check works with: clients, a fresh network, and words to say what it expects."""

from __future__ import annotations

import functools
import json
import time
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"
ZONES = [f"{REGION}{letter}" for letter in "abc"]
TYPE = "m5.large"
IMAGE, OTHER_IMAGE = "ami-slipway-1", "ami-slipway-2"
# An instance lives at most this long on its way from one state to the next, with a loaded computer in mind.
PATIENCE = 180.0


@dataclass(frozen=True)
class Check:
    name: str
    service: str
    run: Callable[[World], None]
    # What another check does meanwhile would be taken for its own.
    alone: bool = False


CHECKS: list[Check] = []


def check(function: Callable[[World], None], alone: bool = False) -> Callable[[World], None]:
    """The function's docstring is the behaviour, as a sentence."""
    sentence = (function.__doc__ or function.__name__).strip()
    CHECKS.append(Check(sentence, function.__module__.rsplit(".", 1)[-1], function, alone))
    return function


check_alone = functools.partial(check, alone=True)


def expect(actual: Any, wanted: Any) -> None:
    if actual != wanted:
        raise AssertionError(f"expected {wanted!r}, found {actual!r}")


@functools.cache
def _client(endpoint: str, service: str) -> Any:
    """Shared by all checks: clients can be used by several threads, and take long to make."""
    return boto3.session.Session().client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="AKIACONTRACT",
        aws_secret_access_key="secret",
        # One attempt: a check must see the error that a retry would hide.
        config=Config(retries={"total_max_attempts": 1}, read_timeout=60, max_pool_connections=40),
    )


class World:
    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.ec2, self.asg, self.elb = self.client("ec2"), self.client("autoscaling"), self.client("elbv2")
        self.unique = uuid.uuid4().hex[:8]

    def client(self, service: str) -> Any:
        return _client(self.endpoint, service)

    def build_network(self) -> None:
        self.vpc = self.ec2.create_vpc(CidrBlock="127.16.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"127.16.{index}.0/24", AvailabilityZone=zone)["Subnet"][
                "SubnetId"
            ]
            for index, zone in enumerate(ZONES, 1)
        ]

    # Waiting and errors

    def until(self, condition: Callable[[], Any], patience: float = PATIENCE) -> bool:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if condition():
                return True
            time.sleep(0.03)
        return False

    def error(self, call: Callable[..., Any], **arguments: Any) -> str:
        """The error code of a call, or "no error"; an HTTP 5xx is marked, since SDKs treat it otherwise."""
        try:
            call(**arguments)
        except ClientError as refused:
            status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
            code = refused.response["Error"]["Code"]
            return code if status < 500 else f"HTTP {status} {code}"
        return "no error"

    def refusal(self, call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
        """Code and message of a call that is refused."""
        try:
            call(**arguments)
        except ClientError as refused:
            return refused.response["Error"]["Code"], refused.response["Error"]["Message"]
        return "no error", ""

    def sim(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.endpoint}/_sim/{path}", data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def clear_faults(self, action: str) -> None:
        request = urllib.request.Request(f"{self.endpoint}/_sim/fault?action={action}", method="DELETE")
        urllib.request.urlopen(request, timeout=60).close()

    # Instances, templates, groups

    def instance(self, **wanted: Any) -> str:
        """A running instance, in the first subnet unless said otherwise."""
        arguments = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "InstanceType": TYPE, "SubnetId": self.subnets[0]}
        arguments |= wanted
        if "NetworkInterfaces" in arguments:
            arguments.pop("SubnetId")
        instance_id = self.ec2.run_instances(**arguments)["Instances"][0]["InstanceId"]
        self.until(lambda: self.state(instance_id) == "running")
        return instance_id

    def describe(self, instance_id: str) -> dict[str, Any]:
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    def state(self, instance_id: str) -> str:
        return self.describe(instance_id)["State"]["Name"]

    def terminate(self, instance_id: str) -> None:
        self.ec2.terminate_instances(InstanceIds=[instance_id])

    def volume(self, zone: str = ZONES[0]) -> str:
        volume_id = self.ec2.create_volume(AvailabilityZone=zone, Size=8, VolumeType="gp3")["VolumeId"]
        self.until(lambda: self.volume_state(volume_id) == "available")
        return volume_id

    def volume_state(self, volume_id: str) -> str:
        return self.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"][0]["State"]

    def interface(self, subnet: int = 0, **wanted: Any) -> str:
        created = self.ec2.create_network_interface(SubnetId=self.subnets[subnet], **wanted)
        return created["NetworkInterface"]["NetworkInterfaceId"]

    def template(self, **data: Any) -> str:
        created = self.ec2.create_launch_template(
            LaunchTemplateName=f"template-{uuid.uuid4().hex[:8]}",
            LaunchTemplateData={"ImageId": IMAGE, "InstanceType": TYPE} | data,
        )
        return created["LaunchTemplate"]["LaunchTemplateId"]

    def group(self, template: str, version: str = "1", sizes: tuple[int, int, int] = (1, 1, 1), **wanted: Any) -> str:
        """An auto scaling group over all subnets; `sizes` are smallest, largest and desired."""
        name = wanted.pop("name", f"group-{uuid.uuid4().hex[:8]}")
        self.asg.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=sizes[0],
            MaxSize=sizes[1],
            DesiredCapacity=sizes[2],
            LaunchTemplate={"LaunchTemplateId": template, "Version": version},
            VPCZoneIdentifier=",".join(self.subnets),
            **wanted,
        )
        return name

    def describe_group(self, name: str) -> dict[str, Any] | None:
        found = self.asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return found[0] if found else None

    def members(self, name: str) -> list[dict[str, Any]]:
        group = self.describe_group(name)
        return group["Instances"] if group else []

    def in_service(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        def serving() -> list[dict[str, Any]]:
            return [member for member in self.members(name) if member["LifecycleState"] == "InService"]

        self.until(lambda: len(serving()) >= count)
        return serving()

    def activities(self, name: str) -> list[dict[str, Any]]:
        return self.asg.describe_scaling_activities(AutoScalingGroupName=name)["Activities"]

    # Load balancers

    def load_balancer(self, address: str = "127.16.1.250", **wanted: Any) -> dict[str, Any]:
        arguments = {
            "Name": f"lb-{self.unique}",
            "Type": "network",
            "Scheme": "internal",
            "SubnetMappings": [{"SubnetId": self.subnets[0], "PrivateIPv4Address": address}],
        }
        return self.elb.create_load_balancer(**arguments | wanted)["LoadBalancers"][0]

    def target_group(self, kind: str = "ip", port: int = 6443) -> str:
        created = self.elb.create_target_group(
            Name=f"tg-{uuid.uuid4().hex[:8]}", Protocol="TCP", Port=port, VpcId=self.vpc, TargetType=kind
        )
        return created["TargetGroups"][0]["TargetGroupArn"]

    def listen(self, load_balancer_arn: str, target_group_arn: str) -> None:
        self.elb.create_listener(
            LoadBalancerArn=load_balancer_arn,
            Protocol="TCP",
            Port=443,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": target_group_arn}],
        )
