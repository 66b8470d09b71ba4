"""Auto scaling groups: what their API refuses, and what they show.

Owns: the answers to API calls. They only write down what is wanted; `reconciliation.py` launches and terminates.
"""

from __future__ import annotations

import collections
import copy
from typing import Any

import moto.autoscaling.models as moto_groups
import moto.autoscaling.responses as moto_responses
import moto.core.responses as core_responses
import moto.elbv2.models as moto_load_balancers
from moto.autoscaling.exceptions import AutoscalingClientError

from .patching import patch
from .quotas import AUTO_SCALING_GROUPS, is_exceeded
from .template_trial import try_template

Group, Backend = moto_groups.FakeAutoScalingGroup, moto_groups.AutoScalingBackend


def invalid(message: str) -> AutoscalingClientError:
    return AutoscalingClientError("ValidationError", message)


class Activity(moto_groups.Activity):
    """One launch or termination. DescribeScalingActivities is where AWS says why a group has no instance."""

    def __init__(self, group: Any, description: str, cause: str, instance: Any = None):
        super().__init__(description, cause, group)
        self.end_time = None
        self.instance = instance
        self.status_message: str | None = None
        self.details = "{}"
        backend = group.autoscaling_backend
        activities = backend.__dict__.setdefault("_activities", collections.deque(maxlen=5000))
        activities.appendleft(self)

    def end(self, status: str = "Successful", message: str | None = None) -> None:
        """Once: what ended stays as it ended, whatever becomes of its instance."""
        if self.end_time is not None:
            return
        self.status_code, self.status_message = status, message
        self.end_time, self.progress = moto_groups.utcnow(), 100


def group_named(backend: Any, name: str) -> Any:
    if name not in backend.autoscaling_groups:
        raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return backend.autoscaling_groups[name]


def _check_bounds(smallest: int | None, largest: int | None, desired: int | None) -> None:
    if smallest is not None and largest is not None and smallest > largest:
        raise invalid(f"Max bound, {largest}, must be greater than or equal to min bound, {smallest}")
    if desired is not None and not (smallest or 0) <= desired <= (largest or 0):
        limits = f"min size:{smallest} and max size:{largest}"
        raise invalid(f"Desired capacity:{desired} must be between the specified {limits}")


# moto launches and terminates inside these four; here the reconciliation does.
@patch(Group)
def set_desired_capacity(original: Any, self: Any, capacity: int | None) -> None:
    self.desired_capacity = self.min_size if capacity is None else capacity


@patch(Group)
def active_instances(original: Any, self: Any) -> list[Any]:
    return [state for state in self.instance_states if state.lifecycle_state == "InService"]


@patch(Backend)
def notify_terminate_instances(original: Any, self: Any, instance_ids: list[str]) -> None:
    """The group notices by its own health check, a moment later."""


patch(moto_load_balancers.ELBv2Backend, "notify_terminate_instances")(notify_terminate_instances)

# moto shows the template's default version, whatever version an instance was launched from.
moto_groups.InstanceState.launch_template = property(lambda state: getattr(state, "_launched_from", None))


@patch(Backend)
def create_auto_scaling_group(original: Any, self: Any, name: str, **wanted: Any) -> Any:
    if name in self.autoscaling_groups:
        message = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
        raise AutoscalingClientError("AlreadyExists", message)
    if is_exceeded(AUTO_SCALING_GROUPS, len(self.autoscaling_groups) + 1):
        message = "You have already reached your limit of Auto Scaling groups for this region."
        raise AutoscalingClientError("LimitExceeded", message)
    smallest, largest = moto_groups.make_int(wanted["min_size"]), moto_groups.make_int(wanted["max_size"])
    desired = moto_groups.make_int(wanted["desired_capacity"])
    _check_bounds(smallest, largest, smallest if desired is None else desired)
    try_template(self.ec2_backend, wanted.get("launch_template"), wanted.get("mixed_instances_policy"))
    return original(self, name=name, **wanted)


@patch(Backend)
def update_auto_scaling_group(original: Any, self: Any, name: str, **wanted: Any) -> Any:
    group = group_named(self, name)
    smallest = group.min_size if wanted["min_size"] is None else wanted["min_size"]
    largest = group.max_size if wanted["max_size"] is None else wanted["max_size"]
    desired = wanted["desired_capacity"]
    _check_bounds(smallest, largest, desired)
    try_template(self.ec2_backend, wanted.get("launch_template"), wanted.get("mixed_instances_policy"))
    # AWS moves the desired capacity into new bounds.
    wanted["desired_capacity"] = min(max(group.desired_capacity, smallest), largest) if desired is None else desired
    if wanted.get("launch_template"):
        group.mixed_instances_policy = None
    elif not wanted.get("mixed_instances_policy"):
        wanted["mixed_instances_policy"] = _kept_policy(group)
    return original(self, name=name, **wanted)


def _kept_policy(group: Any) -> dict[str, Any] | None:
    """moto forgets the policy when an update does not repeat it, and refuses its own data: both id and name."""
    policy = copy.deepcopy(group.mixed_instances_policy)
    if policy:
        policy["LaunchTemplate"]["LaunchTemplateSpecification"].pop("LaunchTemplateName", None)
    return policy


@patch(Backend, "set_desired_capacity")
def _set_desired_capacity(original: Any, self: Any, name: str, capacity: Any) -> None:
    group, wanted = group_named(self, name), int(capacity)
    if wanted > group.max_size:
        raise invalid(
            f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the AutoScalingGroup."
        )
    if wanted < group.min_size:
        raise invalid(
            f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the AutoScalingGroup."
        )
    group.desired_capacity = wanted


@patch(moto_responses.AutoScalingResponse)
def delete_auto_scaling_group(original: Any, self: Any) -> Any:
    backend = self.autoscaling_backend
    group = group_named(backend, self._get_param("AutoScalingGroupName"))
    if group.instance_states and not self._get_bool_param("ForceDelete", False):
        message = (
            "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
            "still in the group."
        )
        raise AutoscalingClientError("ResourceInUse", message)
    # The group stays visible until its last instance is gone.
    group.status, group._deleting, group._suspended_processes = "Delete in progress", True, []
    group.desired_capacity = group.min_size = group.max_size = 0
    if not group.instance_states:
        backend.autoscaling_groups.pop(group.name)
    return core_responses.EmptyResult()


@patch(moto_responses.AutoScalingResponse)
def describe_scaling_activities(original: Any, self: Any) -> Any:
    name, ids = self._get_param("AutoScalingGroupName"), self._get_param("ActivityIds", [])
    found = [
        activity
        for activity in getattr(self.autoscaling_backend, "_activities", ())
        if (not name or activity.auto_scaling_group_name == name) and (not ids or activity.activity_id in ids)
    ]
    if name and not found:
        group_named(self.autoscaling_backend, name)
    return core_responses.ActionResult({"Activities": found[: self._get_int_param("MaxRecords", 100)]})


@patch(Backend)
def update_attached_target_groups(original: Any, self: Any, group_name: str) -> None:
    """Only groups of instance targets: moto would put instance ids into groups of addresses."""
    group = self.autoscaling_groups[group_name]
    if "AddToLoadBalancer" in group._suspended_processes:
        return
    for arn in group.target_group_arns:
        target_group = self.elbv2_backend.target_groups.get(arn)
        if target_group and target_group.target_type == "instance":
            running = [state.instance for state in group.active_instances() if state.instance.state == "running"]
            if running:
                target_group.register([{"Id": instance.id, "Port": target_group.port} for instance in running])
