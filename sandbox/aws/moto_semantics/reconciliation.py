"""What an auto scaling group does by itself: a level-triggered loop that moves each group to its desired capacity.

It replaces moto's synchronous launches, so that a replacement takes time, can fail with an activity that says why, and
respects suspended processes. `ticker.py` calls `reconcile_group` for each group.
"""

from __future__ import annotations

from typing import Any

import moto.autoscaling.models as moto_groups
from moto.ec2.exceptions import EC2ClientError

from .auto_scaling import Activity, Backend, invalid
from .faults import take_fault
from .instances import doom
from .patching import patch
from .simulation import TIMING, now
from .suspension import launch_failed, launch_succeeded

LIVE = ("Pending", "InService")
DEAD = ("shutting-down", "terminated", "stopping", "stopped")

UNHEALTHY = (
    "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or "
    "stopped"
)
DIED_EARLY = (
    "Instance became unhealthy while waiting for instance to be in InService state. Termination Reason: {reason}"
)
SURPLUS = "an instance was taken out of service in response to a difference between desired and actual capacity"


def _live(group: Any) -> list[Any]:
    return [state for state in group.instance_states if state.lifecycle_state in LIVE]


def _moment(what: str) -> str:
    return f"At {moto_groups.utcnow():%Y-%m-%dT%H:%M:%SZ} {what}."


def reconcile_group(backend: Any, group: Any) -> None:
    suspended = set(group._suspended_processes)
    for state in list(group.instance_states):
        _follow_instance(backend, group, state, suspended)
    missing = group.desired_capacity - len(_live(group))
    if missing > 0 and "Launch" not in suspended:
        _launch_when_due(group, missing)
    elif missing <= 0:
        group._launch_at = None
    if missing < 0 and "Terminate" not in suspended:
        deleting = getattr(group, "_deleting", False)
        removable = [state for state in _live(group) if deleting or not state.protected_from_scale_in]
        for state in removable[:-missing]:
            terminate_member(group, state, SURPLUS)
    if getattr(group, "_deleting", False) and not group.instance_states:
        backend.autoscaling_groups.pop(group.name, None)


def _follow_instance(backend: Any, group: Any, state: Any, suspended: set[str]) -> None:
    instance_state = state.instance.state
    if state.lifecycle_state == "Pending" and instance_state == "running":
        state.lifecycle_state = "InService"
        state._activity.end()
        launch_succeeded(group)
        backend.update_attached_elbs(group.name)
        backend.update_attached_target_groups(group.name)
    elif state.lifecycle_state == "Pending" and instance_state in DEAD and "HealthCheck" not in suspended:
        _cancel_launch(group, state)
    elif state.lifecycle_state == "Terminating" and instance_state == "terminated":
        group.instance_states.remove(state)
        state._activity.end()
    elif state.lifecycle_state in LIVE:
        if instance_state in DEAD and "HealthCheck" not in suspended:
            state._dead_since = getattr(state, "_dead_since", now())
            if now() - state._dead_since >= TIMING["asg_health"]:
                state.health_status = "Unhealthy"
        if state.health_status == "Unhealthy" and not suspended & {"ReplaceUnhealthy", "Terminate"}:
            terminate_member(group, state, UNHEALTHY)


def _launch_when_due(group: Any, missing: int) -> None:
    group._launch_at = getattr(group, "_launch_at", None) or now() + TIMING["asg_launch"]
    if now() < group._launch_at:
        return
    group._launch_at = None
    for _ in range(missing):
        if not _launch(group):
            group._launch_at = now() + TIMING["asg_launch_retry"]
            return


def _cancel_launch(group: Any, state: Any) -> None:
    """It died before it was in service: no failure of the launch, as Auto Scaling sees it, but the end of its activity."""
    state._activity.end("Cancelled", DIED_EARLY.format(reason=state.instance.state_reason.message))
    state.lifecycle_state = "Terminating"
    group._launch_at = now() + TIMING["asg_launch_retry"]
    launch_failed(group)


def terminate_member(group: Any, state: Any, cause: str) -> Activity:
    if state.lifecycle_state != "Terminating":
        state.lifecycle_state = "Terminating"
        instance = state.instance
        state._activity = Activity(group, f"Terminating EC2 instance: {instance.id}", _moment(cause), instance)
        backend = group.autoscaling_backend
        for arn in group.target_group_arns:
            target_group = backend.elbv2_backend.target_groups.get(arn)
            if target_group:
                target_group.deregister_terminated_instances([instance.id])
        instance.terminate()
        backend.update_attached_elbs(group.name)
    return state._activity


@patch(Backend)
def terminate_instance(original: Any, self: Any, instance_id: str, should_decrement: bool) -> Activity:
    members = (
        (group, state)
        for group in self.autoscaling_groups.values()
        for state in group.instance_states
        if state.instance.id == instance_id
    )
    group, state = next(members, (None, None))
    if group is None:
        raise invalid(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")
    if should_decrement:
        if group.desired_capacity - 1 < group.min_size:
            raise invalid(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement "
                "will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or "
                "lower group's min size."
            )
        group.desired_capacity -= 1
    return terminate_member(
        group, state, f"instance {instance_id} was taken out of service in response to a user request"
    )


def _launch(group: Any) -> bool:
    """Launches one instance. False when it failed, which the group's activity then explains."""
    present = len(_live(group))
    cause = _moment(
        "an instance was started in response to a difference between desired and actual capacity, "
        f"increasing the capacity from {present} to {present + 1}"
    )
    activity = Activity(group, "Launching a new EC2 instance", cause)
    fault = take_fault(f"asg:{group.name}", {})
    try:
        if fault and not fault.get("dies"):
            raise EC2ClientError(fault["code"], fault.get("message", fault["code"]))
        instance = _launch_member(group, activity)
        if fault:
            doom(instance, f"{fault['code']}: {fault.get('message', fault['code'])}")
    except Exception as error:  # as Auto Scaling: whatever EC2 says becomes the activity's message, and it tries again
        activity.end("Failed", f"{error}. Launching EC2 instance failed.")
        launch_failed(group)
        return False
    return True


def _launch_member(group: Any, activity: Activity) -> Any:
    backend = group.autoscaling_backend
    request, launched_from = _launch_request(group)
    subnet_id = _least_used_subnet(group)
    tags = {**request.pop("tags"), **group.get_propagated_tags(), moto_groups.ASG_NAME_TAG: group.name}
    reservation = backend.ec2_backend.run_instances(
        **request,
        count=1,
        tags={"instance": tags},
        is_instance_type_default=False,
        region_name=backend.region_name,
        subnet_id=subnet_id,
        placement=None if subnet_id else group.availability_zones[0],
        client_token=activity.activity_id,
    )
    instance = reservation.instances[0]
    instance.autoscaling_group = group
    protected = group.new_instances_protected_from_scale_in
    state = moto_groups.InstanceState(instance, "Pending", protected_from_scale_in=protected)
    state._launched_from, state._activity = launched_from, activity
    group.instance_states.append(state)
    activity.description, activity.instance = f"Launching a new EC2 instance: {instance.id}", instance
    return instance


def _least_used_subnet(group: Any) -> str | None:
    subnets = [subnet for subnet in (group.vpc_zone_identifier or "").split(",") if subnet]
    members = [state.instance.subnet_id for state in _live(group)]
    return min(subnets, key=members.count) if subnets else None


def _launch_request(group: Any) -> tuple[dict[str, Any], dict[str, str] | None]:
    """The arguments of run_instances, and what DescribeAutoScalingGroups shows as the instance's template."""
    if not group.ec2_launch_template:
        config = group.launch_config
        request = {
            "image_id": config.image_id,
            "user_data": config.user_data,
            "security_group_names": config.security_groups,
            "instance_type": config.instance_type,
            "launch_config": config,
            "tags": {},
        }
        return request, None
    template = group.ec2_launch_template
    version = template.get_version(group.launch_template_version)
    overrides = (group.mixed_instances_policy or {}).get("LaunchTemplate", {}).get("Overrides") or [{}]
    request = {
        "image_id": version.image_id,
        "user_data": version.user_data,
        "security_group_names": version.security_groups,
        "instance_type": overrides[0].get("InstanceType") or version.instance_type,
        "launch_template": {"LaunchTemplateId": template.id, "Version": str(version.number)},
        "tags": dict(version.instance_tags),
    }
    shown = {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "Version": str(version.number),
    }
    return request, shown
