"""What was made is unknown for a while, on order: no listing shows it, and no call that names it knows of it.

Owns: which things these are, and what is answered meanwhile. EC2, Auto Scaling and load balancing are eventually consistent:
"if you run a command to describe a resource that you just created, its ID might not have propagated"
(https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html). Neighbours: `visibility.py` has what is unknown to
others for a while whenever it is made, and asks here, too; what is hidden here is so because somebody said so.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from .simulation import now

# What AWS's codes say of each kind, by the beginning of its id or by a part of its ARN.
_UNKNOWN = (
    ("vol-", "InvalidVolume.NotFound", "The volume '{}' does not exist."),
    ("eni-", "InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
    ("sg-", "InvalidGroup.NotFound", "The security group '{}' does not exist"),
    ("lt-", "InvalidLaunchTemplateId.NotFound", "The specified launch template, with template ID {}, does not exist."),
    (":loadbalancer/", "LoadBalancerNotFound", "Load balancers '[{}]' not found"),
    (":targetgroup/", "TargetGroupNotFound", "Target groups '[{}]' not found"),
    (":listener/", "ListenerNotFound", "Listeners '[{}]' not found"),
    ("", "ValidationError", "AutoScalingGroup name not found - AutoScalingGroup '{}' not found"),
)
# What these name is either to be made, which a name that is taken already refuses as ever, or looked at in `visibility.py`'s way.
_LOOK_FOR_THEMSELVES = ("CreateLaunchTemplate", "CreateAutoScalingGroup", "CreateLoadBalancer", "CreateTargetGroup")
_BY_A_TRIAL = ("sg-", "lt-")
_NAME_IN_ARN = re.compile(r":(?:loadbalancer/net|targetgroup)/([^/]+)/")
_ITEMS = ("item", "member")

# identity -> when it is known
_until: dict[str, float] = {}


def hide(identities: list[str], seconds: float) -> dict[str, float]:
    """Load balancing finds by name as well: what has an ARN is hidden by both."""
    for identity in identities:
        named = _NAME_IN_ARN.search(identity)
        for one in [identity, *([named.group(1)] if named else [])]:
            _until[one] = now() + seconds
    return {identity: seconds for identity in identities}


def is_unseen(identity: str) -> bool:
    return now() < _until.get(identity, 0)


def refusal(action: str, parameters: dict[str, Any]) -> tuple[str, str] | None:
    """Code and message for a call that names what is unknown yet; None where AWS would carry it out."""
    if action in _LOOK_FOR_THEMSELVES:
        return None
    # A filter that finds nothing refuses nothing.
    values = [str(value) for name, value in parameters.items() if not name.startswith("Filter")]
    for identity in filter(is_unseen, values):
        beginning, code, message = next(row for row in _UNKNOWN if row[0] in _whole(identity))
        by_trial = action == "UpdateAutoScalingGroup" and beginning in _BY_A_TRIAL
        # Of a group that is not there Auto Scaling shows none.
        shows_none = action.startswith("Describe") and beginning == ""
        if not by_trial and not shows_none:
            return code, message.format(identity)
    return None


def _whole(identity: str) -> str:
    """The ARN behind a name."""
    return next((one for one in _until if f"/{identity}/" in one), identity)


def without_unseen(body: Any) -> Any:
    """An answer to a look, without what nobody sees yet."""
    if not any(is_unseen(one) and one in body for one in list(_until)):
        return body
    space = re.search(r'xmlns="([^"]+)"', body)
    if space:
        ElementTree.register_namespace("", space.group(1))
    root = ElementTree.fromstring(body)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in _ITEMS and any(is_unseen(field.text or "") for field in child):
                parent.remove(child)
    return ElementTree.tostring(root, encoding="unicode")
