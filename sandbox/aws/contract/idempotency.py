"""Client tokens, lost answers, pages, chosen ids."""

from __future__ import annotations

import concurrent.futures
import uuid
from collections.abc import Callable
from typing import Any

from .world import IMAGE, ZONES, World, check, check_alone, expect


def _made_once(call: Callable[..., Any], identity: Callable[[Any], str], **arguments: Any) -> bool:
    token = uuid.uuid4().hex
    answers = [identity(call(ClientToken=token, **arguments)) for _ in range(2)]
    return answers[0] == answers[1]


@check
def client_tokens(world: World) -> None:
    """The same client token makes one volume, interface, instance and template"""
    ec2, subnet = world.ec2, world.subnets[0]
    data = {"ImageId": IMAGE}
    found = [
        _made_once(ec2.create_volume, lambda a: a["VolumeId"], AvailabilityZone=ZONES[0], Size=8),
        _made_once(
            ec2.create_network_interface, lambda a: a["NetworkInterface"]["NetworkInterfaceId"], SubnetId=subnet
        ),
        _made_once(
            ec2.run_instances,
            lambda a: a["Instances"][0]["InstanceId"],
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
        ),
        _made_once(
            ec2.create_launch_template,
            lambda a: a["LaunchTemplate"]["LaunchTemplateId"],
            LaunchTemplateName=f"ct-{world.unique}",
            LaunchTemplateData=data,
        ),
    ]
    expect(found, [True] * 4)


@check
def token_mismatch(world: World) -> None:
    """A client token with other parameters is refused"""
    wanted = {"ClientToken": uuid.uuid4().hex, "AvailabilityZone": ZONES[0]}
    world.ec2.create_volume(**wanted, Size=8)
    expect(world.error(world.ec2.create_volume, **wanted, Size=9), "IdempotentParameterMismatch")


@check
def concurrent_tokens(world: World) -> None:
    """Eight calls at once with one client token make one volume"""
    wanted = {"ClientToken": uuid.uuid4().hex, "AvailabilityZone": ZONES[0], "Size": 8}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: world.ec2.create_volume(**wanted)["VolumeId"], range(8)))
    expect(len(made), 1)


@check
def lost_answer(world: World) -> None:
    """A call that was committed but whose answer was lost can be repeated safely"""
    token = uuid.uuid4().hex
    tags = [{"ResourceType": "volume", "Tags": [{"Key": "token", "Value": token}]}]
    wanted = {"ClientToken": token, "AvailabilityZone": ZONES[0], "Size": 8, "TagSpecifications": tags}
    fault = {"action": "CreateVolume", "code": "InternalError", "after": True, "match": {"ClientToken": token}}
    world.sim("fault", fault)
    expect(world.error(world.ec2.create_volume, **wanted), "HTTP 503 InternalError")
    world.ec2.create_volume(**wanted)
    found = world.ec2.describe_volumes(Filters=[{"Name": "tag:token", "Values": [token]}])["Volumes"]
    expect(len(found), 1)


@check
def paging(world: World) -> None:
    """Lists come in pages of the size asked for"""
    for _ in range(7):
        world.interface()
    paginator = world.ec2.get_paginator("describe_network_interfaces")
    filters = [{"Name": "subnet-id", "Values": [world.subnets[0]]}]
    pages = paginator.paginate(Filters=filters, PaginationConfig={"PageSize": 5})
    expect([len(page["NetworkInterfaces"]) for page in pages], [5, 2])


@check_alone
def chosen_ids(world: World) -> None:
    """The next resource of a kind gets the id that was chosen for it"""
    chosen = f"lt-{uuid.uuid4().hex[:17]}"
    world.sim("ids", {"ids": [chosen]})
    expect(world.template(), chosen)
