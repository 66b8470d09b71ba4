"""Suspended processes of auto scaling groups: by whom each was, and since when.

Owns: the reasons that DescribeAutoScalingGroups shows, and when Auto Scaling itself gives a group up: after a day of launches
that all failed it suspends `Launch`, and nothing is launched any more, whatever is cured, until somebody resumes it
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html). How long it tries is
`TIMING["asg_give_up"]`. Neighbours: `reconciliation.py` says which launches failed, and heeds what is suspended.
"""

from __future__ import annotations

from typing import Any

import moto.autoscaling.models as moto_groups

from .auto_scaling import Backend, Group, group_named
from .patching import patch
from .simulation import TIMING, now


def _shown(group: Any) -> list[dict[str, str]]:
    return [
        {"ProcessName": process, "SuspensionReason": reason}
        for process, reason in sorted(getattr(group, "_suspensions", {}).items())
    ]


def _suspend(group: Any, processes: list[str], by: str = "User suspended") -> None:
    before = getattr(group, "_suspensions", {})
    moment = f"{by} at {moto_groups.utcnow():%Y-%m-%dT%H:%M:%SZ}"
    group._suspensions = {process: before.get(process, moment) for process in processes}


Group.suspended_processes = property(_shown, _suspend)
# moto writes the names here.
Group._suspended_processes = property(lambda group: list(getattr(group, "_suspensions", {})), _suspend)


@patch(Backend)
def suspend_processes(original: Any, self: Any, group_name: str, *args: Any, **kwargs: Any) -> Any:
    group_named(self, group_name)
    return original(self, group_name, *args, **kwargs)


@patch(Backend)
def resume_processes(original: Any, self: Any, group_name: str, *args: Any, **kwargs: Any) -> Any:
    """Who resumes begins a new day."""
    group = group_named(self, group_name)
    resumed = original(self, group_name, *args, **kwargs)
    launch_succeeded(group)
    return resumed


def launch_failed(group: Any) -> None:
    group._failing_since = getattr(group, "_failing_since", None) or now()
    serving = any(state.lifecycle_state == "InService" for state in group.instance_states)
    if not serving and now() - group._failing_since >= TIMING["asg_give_up"]:
        give_up(group)


def launch_succeeded(group: Any) -> None:
    group._failing_since = None


def give_up(group: Any) -> None:
    _suspend(group, [*group._suspended_processes, "Launch"], by="Administratively suspended")
