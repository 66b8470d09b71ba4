"""What happened, in order, for the parts of the sandbox that play the instances and the load balancers.

Consumers must be level-triggered: an event says "look", `/_sim/instances` says what is.
"""

from __future__ import annotations

import collections
import threading
import time
from typing import Any

from .simulation import now

# A consumer further behind than this has to read the present state anyway.
_KEPT = 5000

_changed = threading.Condition()
_events: collections.deque[dict[str, Any]] = collections.deque(maxlen=_KEPT)
_last_sequence = [0]


def emit(kind: str, **content: Any) -> None:
    with _changed:
        _last_sequence[0] += 1
        _events.append({"seq": _last_sequence[0], "type": kind, "time": time.time(), **content})
        _changed.notify_all()


def wait_for_events(after: int, timeout: float) -> dict[str, Any]:
    """Long poll: answers as soon as there is an event after `after`, or with none when the time is over."""
    deadline = now() + timeout
    with _changed:
        while _last_sequence[0] <= after and now() < deadline:
            _changed.wait(max(0.01, deadline - now()))
        found = [event for event in _events if event["seq"] > after]
        # `missed`: events between were dropped already; the reader must read the present state.
        missed = bool(found) and found[0]["seq"] > after + 1
        return {"next": _last_sequence[0], "events": found, "missed": missed}


def _profile_view(profile: Any) -> dict[str, Any]:
    return {"arn": profile.arn, "name": profile.name, "roleArn": profile.roles[0].arn if profile.roles else None}


def _interface_view(nic: Any, index: int) -> dict[str, Any]:
    return {
        "id": nic.id,
        "ip": nic.private_ip_address,
        "index": index,
        "mac": nic.mac_address,
        "subnetId": nic.subnet.id,
    }


def instance_view(instance: Any) -> dict[str, Any]:
    """Everything that a host needs to play this instance, in plain JSON."""
    group = getattr(instance, "autoscaling_group", None)
    backend = instance.ec2_backend
    association = backend.iam_instance_profile_associations.get(instance.id)
    profile = association.iam_instance_profile if association else None
    return {
        "id": instance.id,
        "account": backend.account_id,
        "region": backend.region_name,
        "state": instance.state,
        "stateReason": instance.state_reason.message,
        "imageId": instance.image_id,
        "instanceType": instance.instance_type,
        "az": instance.availability_zone,
        "subnetId": instance.subnet_id,
        "vpcId": instance.vpc_id,
        "privateIp": instance.private_ip if instance.nics else None,
        "privateDnsName": instance.private_dns_name if instance.nics else None,
        "keyName": instance.key_name,
        "launchTime": f"{instance.launch_time:%Y-%m-%dT%H:%M:%SZ}",
        "iamInstanceProfile": _profile_view(profile) if profile else None,
        "userData": str(instance.user_data) if instance.user_data else None,
        "tags": {tag["key"]: tag["value"] for tag in instance.get_tags()},
        "asg": group.name if group else None,
        "securityGroupIds": sorted(
            {group.id for nic in instance.nics.values() for group in nic.group_set} if instance.nics else set()
        ),
        "enis": [_interface_view(nic, index) for index, nic in sorted(instance.nics.items())],
        "volumes": [
            {"id": mapping.volume_id, "device": device} for device, mapping in instance.get_block_device_mapping
        ],
    }
