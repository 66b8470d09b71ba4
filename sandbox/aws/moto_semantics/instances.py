"""Instances: states that take time, launches that apply their whole template, a death that gives back what it held.

An instance that ends is `shutting-down` (or `stopping`) until its machine has shut itself down, as EC2 leaves it the time
to do; who plays the machine reports that (`machine_ended`), and one that never gets there is cut off in the end. What is
refused before anything is launched stands in `launch_checks.py`.
"""

from __future__ import annotations

import copy
from typing import Any

import moto.core.responses as core_responses
import moto.ec2.models as ec2_models
import moto.ec2.models.instances as moto_instances
import moto.ec2.responses.instances as moto_instance_responses
import moto.ec2.responses as ec2_responses
import moto.ec2.utils as ec2_utils
from moto.ec2.exceptions import EC2ClientError

from .events import emit, instance_view
from .launch_checks import check_cpus, check_launch, death_of
from .patching import patch
from .simulation import OPTIONS, TIMING, internal_call, now

USER_INITIATED = "Client.UserInitiatedShutdown: User initiated shutdown"


class TimedState:
    """Replaces moto's InstanceState: callers set the final state, readers see the one on the way until then."""

    ON_THE_WAY = {
        "running": ("pending", 0, "pending"),
        "terminated": ("shutting-down", 32, "shutting_down"),
        "stopped": ("stopping", 64, "stopping"),
    }
    FINAL_CODE = {"running": 16, "terminated": 48, "stopped": 80}
    ENDS = ("terminated", "stopped")

    def __init__(self, name: str = "running", code: int = 16):
        self.final: str | None = None
        self.at_least_until = self.until = self.lingering = 0.0
        self.name = name

    def _present(self) -> tuple[str, int]:
        assert self.final
        if now() < self.until:
            return self.ON_THE_WAY[self.final][:2]
        return self.final, self.FINAL_CODE[self.final]

    @property
    def name(self) -> str:
        return self._present()[0]

    @name.setter
    def name(self, final: str) -> None:
        # A terminated instance never comes back, whoever asks.
        if final != self.final and self.final != "terminated":
            self.final = final
            least = max(TIMING[self.ON_THE_WAY[final][2]], self.lingering if final in self.ENDS else 0)
            self.at_least_until = self.until = now() + least
            if final in self.ENDS and OPTIONS.machines == "reported":
                self.until = max(self.until, now() + TIMING["shutdown_limit"])

    def linger(self, seconds: float) -> None:
        """It ends no sooner than so long after it was told to, or after now."""
        self.lingering = seconds
        if self.final in self.ENDS and now() < self.until:
            self.at_least_until = now() + seconds
            self.until = max(self.until, self.at_least_until) if seconds else self.at_least_until

    def machine_ended(self) -> None:
        """Nothing is to be waited for any more. Of one that was started again meanwhile this is old news."""
        if self.final in self.ENDS:
            self.until = min(self.until, max(self.at_least_until, now()))

    @property
    def code(self) -> int:
        return self._present()[1]

    @code.setter
    def code(self, _: int) -> None:
        """moto sets name and code in turn; the name says it all."""


moto_instances.InstanceState = TimedState


@patch(moto_instances.Instance)
def terminate(original: Any, self: Any) -> Any:
    return end_instance(self, USER_INITIATED)


def end_instance(instance: Any, reason: str) -> Any:
    """Begins the end of an instance. What it holds comes free when it is terminated, not before (see `_release`)."""
    observe(instance)  # so that "running" is seen even if it lasted less than a tick
    previous = copy.copy(instance._state)
    instance._state.name = "terminated"
    if previous.final != "terminated":
        instance._ended_at = now()
        instance._reason = f"{reason} ({moto_instances.utcnow():%Y-%m-%d %H:%M:%S} GMT)"
        instance.state_reason = moto_instances.StateReason(reason, reason.split(":")[0])
    return previous


def doom(instance: Any, reason: str) -> None:
    """It was launched, and dies before it has ever run: a volume that EC2 could not make, say."""
    instance._doom = (now() + TIMING["pending"] / 2, reason)


def linger(instance: Any, seconds: float) -> None:
    """EC2 can't finish with it, as when its host is dead: it is `shutting-down` for long, and holds what it has meanwhile."""
    instance._state.linger(seconds)


@patch(moto_instance_responses.InstanceResponse)
def terminate_instances(original: Any, self: Any) -> Any:
    """`Force`, of which moto knows nothing, ends one that EC2 could not finish with, and gives back what it held."""
    answer = original(self)
    if self._get_bool_param("Force"):
        for instance_id in self._get_param("InstanceIds", []):
            linger(self.ec2_backend.get_instance(instance_id), 0)
    return answer


def machine_ended(instance: Any) -> None:
    instance._state.machine_ended()


def observe(instance: Any) -> None:
    """Reports a change of state since the last look, and gives back what a terminated instance held."""
    at, reason = instance.__dict__.pop("_doom", (None, ""))
    if at is not None and now() >= at:
        end_instance(instance, reason)
        machine_ended(instance)
    elif at is not None:
        instance._doom = (at, reason)
    state = instance.state
    if state == "terminated" and not getattr(instance, "_released", False):
        view = instance_view(instance)
        _release(instance)
        instance._seen = state
        emit("instance-terminated", instance={**view, "state": state})
    elif state != getattr(instance, "_seen", None):
        instance._seen = state
        emit(f"instance-{state}", instance=instance_view(instance))


def forget_long_terminated(backend: Any) -> None:
    """EC2 stops showing terminated instances after a while; moto keeps them for ever, and every Describe grows."""
    for reservation_id, reservation in list(backend.reservations.items()):
        for instance in [i for i in reservation.instances if _long_terminated(i)]:
            reservation.instances.remove(instance)
            backend.tags.pop(instance.id, None)
        if not reservation.instances:
            del backend.reservations[reservation_id]


def _long_terminated(instance: Any) -> bool:
    released = getattr(instance, "_released", False)
    return released and now() - instance._ended_at > TIMING["terminated_visible"]


def _release(instance: Any) -> None:
    instance._released = True
    for nic in list(instance.nics.values()):
        instance.detach_eni(nic)
        if nic.delete_on_termination:
            nic.ec2_backend.enis.pop(nic.id, None)
    instance.nics = {}
    instance.teardown_defaults()
    association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
    if association:
        instance.ec2_backend.disassociate_iam_instance_profile(association_id=association.association_id)


def _guarded(name: str, absent: Any) -> property:
    """A released instance has no network interface any more, which moto's address properties take for granted."""
    read = getattr(moto_instances.Instance, name).fget
    return property(lambda instance: read(instance) if instance.nics else absent)


for _name in ("private_ip", "private_ip_address", "public_ip", "public_ip_address"):
    setattr(moto_instances.Instance, _name, _guarded(_name, None))
moto_instances.Instance.private_dns_name = _guarded("private_dns_name", "")


@patch(moto_instances.Instance)
def prep_nics(original: Any, self: Any, nic_spec: list[dict[str, Any]], *args: Any, **kwargs: Any) -> None:
    existing = {nic["NetworkInterfaceId"] for nic in nic_spec if nic.get("NetworkInterfaceId")}
    for eni_id in existing:
        if self.ec2_backend.get_network_interface(eni_id).status == "in-use":
            raise EC2ClientError("InvalidNetworkInterface.InUse", f"Interface: [{eni_id}] in use.")
    original(self, nic_spec, *args, **kwargs)
    # Interfaces made by the launch go with the instance unless it says otherwise; existing ones stay.
    to_keep = {int(nic["DeviceIndex"]) for nic in nic_spec if nic.get("DeleteOnTermination") is False}
    for index, nic in self.nics.items():
        if nic.id not in existing and index not in to_keep:
            nic.delete_on_termination = True


@patch(ec2_models.EC2Backend)
def run_instances(
    original: Any, self: Any, image_id: str, count: int, user_data: Any, security_group_names: Any, **kwargs: Any
) -> Any:
    template = self._get_template_from_args(kwargs["launch_template"]).data if kwargs.get("launch_template") else {}
    _apply_template(template, kwargs)
    # Looked at before anything is launched: moto would leave an instance behind that nobody wanted.
    whole = _whole_request(image_id, template, kwargs)
    check_launch(self, whole, (kwargs.get("tags") or {}).get("instance") or {})
    check_cpus(self, whole["InstanceType"], count)
    profile = template.get("IamInstanceProfile")
    for nic in kwargs.get("nics") or []:
        if nic.get("NetworkInterfaceId"):  # an existing interface decides the subnet, and so the zone
            nic["SubnetId"] = self.get_network_interface(nic["NetworkInterfaceId"]).subnet.id
    if kwargs.get("block_device_mappings"):
        _complete_block_devices(self, image_id or template.get("ImageId", ""), kwargs["block_device_mappings"])
    with internal_call():
        reservation = original(self, image_id, count, user_data, security_group_names, **kwargs)
    death = death_of(self, kwargs.get("block_device_mappings") or [])
    for instance in reservation.instances:
        if death:
            doom(instance, death)
        if profile:
            self.associate_iam_instance_profile(
                instance.id,
                iam_instance_profile_name=profile.get("Name"),
                iam_instance_profile_arn=profile.get("Arn"),
            )
    return reservation


def _whole_request(image_id: str, template: dict[str, Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The template's data, as the request's own values change it."""
    instance_type = None if kwargs.get("is_instance_type_default") else kwargs.get("instance_type")
    own = {
        "ImageId": image_id,
        "InstanceType": instance_type or template.get("InstanceType") or kwargs.get("instance_type"),
        "KeyName": kwargs.get("key_name"),
        "SecurityGroupIds": [group for group in kwargs.get("security_group_ids") or [] if isinstance(group, str)],
        "NetworkInterfaces": kwargs.get("nics"),
        "BlockDeviceMappings": kwargs.get("block_device_mappings"),
        "MetadataOptions": kwargs.get("metadata_options"),
    }
    return {**template, **{name: value for name, value in own.items() if value}}


def _apply_template(template: dict[str, Any], kwargs: dict[str, Any]) -> None:
    """moto reads a part of a launch template only; the request's own values win."""
    if not kwargs.get("nics") and template.get("NetworkInterfaces"):
        kwargs["nics"] = copy.deepcopy(template["NetworkInterfaces"])
        if kwargs.get("subnet_id"):
            kwargs["nics"][0]["SubnetId"] = kwargs.pop("subnet_id")
    if not kwargs.get("metadata_options") and template.get("MetadataOptions"):
        kwargs["metadata_options"] = template["MetadataOptions"]
    if "block_device_mappings" not in kwargs and template.get("BlockDeviceMappings"):
        kwargs["block_device_mappings"] = copy.deepcopy(template["BlockDeviceMappings"])


def _complete_block_devices(backend: Any, image_id: str, mappings: list[dict[str, Any]]) -> None:
    """Exactly one root volume, and volumes that go with the instance unless the mapping says otherwise."""
    images = backend.describe_images(filters={"image-id": image_id})
    root = images[0].root_device_name if images else "/dev/sda1"
    if not any(mapping["DeviceName"] in (root, "/dev/sda1", "/dev/xvda") for mapping in mappings):
        mappings.insert(0, {"DeviceName": root, "Ebs": {"VolumeSize": 8}})
    for mapping in mappings:
        mapping.get("Ebs", {}).setdefault("DeleteOnTermination", True)


def _describe_instance_topology(self: Any) -> Any:
    """cloud-provider-aws asks for every new node and would wait three seconds for moto's HTTP 500."""
    return core_responses.ActionResult({"Instances": []})


ec2_responses.EC2Response.describe_instance_topology = _describe_instance_topology
# A filter that moto does not know is an HTTP 500.
ec2_utils.filter_dict_attribute_mapping["client-token"] = "client_token"
