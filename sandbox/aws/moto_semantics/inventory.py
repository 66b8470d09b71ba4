"""Every resource of the account, canonical and sorted: proof that a deletion left nothing behind (invariant I7).

Not in it: terminated instances, AWS's own (its managed keys, public images, the default VPC with what came with it),
and what a resource merely shows in passing (states, attachments' times).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import moto.autoscaling.models as moto_groups
import moto.ec2.models as ec2_models
import moto.elb.models as classic
import moto.elbv2.models as moto_load_balancers
import moto.iam.models as moto_iam
import moto.kms.models as moto_keys
import moto.s3.models as moto_s3
import moto.ssm.models as moto_ssm

Row = tuple[str, str, dict[str, Any]]  # kind, id, detail


def inventory(account: str) -> list[dict[str, Any]]:
    rows = [
        {
            "region": region,
            "kind": kind,
            "id": identity,
            "detail": json.loads(json.dumps(detail, sort_keys=True, default=str)),
        }
        for region, (kind, identity, detail) in _all_rows(account)
    ]
    return sorted(rows, key=lambda row: (row["region"], row["kind"], row["id"]))


def _all_rows(account: str) -> Iterator[tuple[str, Row]]:
    """Only backends that exist: looking must not call a region into being."""
    regional = (
        (ec2_models.ec2_backends, _ec2),
        (moto_groups.autoscaling_backends, _auto_scaling),
        (moto_load_balancers.elbv2_backends, _load_balancing),
        (classic.elb_backends, _classic),
        (moto_keys.kms_backends, _keys),
        (moto_iam.iam_backends, _identity),
        (moto_s3.s3_backends, _buckets),
        (moto_ssm.ssm_backends, _parameters),
    )
    for backends, rows_of in regional:
        if account in backends:
            for region, backend in list(backends[account].items()):
                for row in rows_of(backend):
                    yield region, row


def _tags(resource: Any) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in resource.get_tags()}


def _rules(rules: list[Any]) -> list[str]:
    return sorted(
        f"{rule.ip_protocol} {rule.from_port}-{rule.to_port} "
        f"{rule.source_group.get('GroupId') or rule.ip_range.get('CidrIp') or rule.ip_range.get('CidrIpv6')}"
        for rule in rules
    )


def _ec2(backend: Any) -> Iterator[Row]:
    defaults = {vpc.id for vpc in backend.vpcs.values() if vpc.is_default in (True, "true")}
    yield from _networks(backend, defaults)
    for groups in backend.groups.values():
        for group in groups.values():
            if not (group.vpc_id in defaults and group.is_default):
                detail = {"name": group.name, "vpc": group.vpc_id, "tags": _tags(group)}
                rules = {"ingress": _rules(group.ingress_rules), "egress": _rules(group.egress_rules)}
                yield "security-group", group.id, {**detail, **rules}
    for eni in backend.enis.values():
        detail = {"subnet": eni.subnet.id, "ip": eni.private_ip_address, "description": eni.description}
        yield "network-interface", eni.id, {**detail, "tags": _tags(eni)}
    for volume in backend.volumes.values():
        detail = {"size": volume.size, "zone": volume.availability_zone, "tags": _tags(volume)}
        yield "volume", volume.id, detail
    for snapshot in backend.snapshots.values():
        if snapshot.owner_id == backend.account_id:
            yield "snapshot", snapshot.id, {"volume": snapshot.volume.id, "tags": _tags(snapshot)}
    for instance in backend.all_instances():
        if instance.state != "terminated":
            yield "instance", instance.id, {"subnet": instance.subnet_id, "tags": _tags(instance)}
    for template in backend.launch_templates.values():
        versions = [version.number for version in template.versions]
        yield "launch-template", template.id, {"name": template.name, "versions": versions, "tags": _tags(template)}
    for pair in backend.key_pairs.values():
        yield "key-pair", pair.key_name, {"fingerprint": pair.key_fingerprint, "tags": _tags(pair)}
    for image in backend.amis.values():
        if image.owner_id == backend.account_id:
            yield "image", image.id, {"name": image.name, "tags": _tags(image)}
    for address in backend.addresses:
        yield "address", address.allocation_id, {"tags": _tags(address)}


def _networks(backend: Any, defaults: set[str]) -> Iterator[Row]:
    for vpc in backend.vpcs.values():
        if vpc.id not in defaults:
            yield "vpc", vpc.id, {"cidr": vpc.cidr_block, "tags": _tags(vpc)}
    for subnets in backend.subnets.values():
        for subnet in subnets.values():
            if subnet.vpc_id not in defaults:
                detail = {"vpc": subnet.vpc_id, "cidr": subnet.cidr_block, "zone": subnet.availability_zone}
                yield "subnet", subnet.id, {**detail, "tags": _tags(subnet)}
    for table in backend.route_tables.values():
        if table.vpc_id not in defaults:
            routes = sorted(f"{route.destination_cidr_block} {route.gateway_id or 'other'}" for route in table.routes)
            associations = sorted(table._associations.values())
            detail = {"vpc": table.vpc_id, "routes": routes, "subnets": associations}
            yield "route-table", table.id, {**detail, "tags": _tags(table)}
    for gateway in backend.internet_gateways.values():
        yield "internet-gateway", gateway.id, {"vpc": gateway.vpc.id if gateway.vpc else None, "tags": _tags(gateway)}
    for gateway in backend.nat_gateways.values():
        yield "nat-gateway", gateway.id, {"subnet": gateway.subnet_id, "tags": _tags(gateway)}
    for acl in backend.network_acls.values():
        if acl.vpc_id not in defaults:
            yield "network-acl", acl.id, {"vpc": acl.vpc_id, "tags": _tags(acl)}


def _auto_scaling(backend: Any) -> Iterator[Row]:
    for group in backend.autoscaling_groups.values():
        sizes = {"min": group.min_size, "max": group.max_size, "subnets": group.vpc_zone_identifier}
        tags = {tag["Key"]: tag["Value"] for tag in group.tags}
        yield "auto-scaling-group", group.name, {**sizes, "tags": tags}
    for config in backend.launch_configurations.values():
        yield "launch-configuration", config.name, {}


def _load_balancing(backend: Any) -> Iterator[Row]:
    def tags(arn: str) -> dict[str, str]:
        return backend.tagging_service.get_tag_dict_for_resource(arn)

    for load_balancer in backend.load_balancers.values():
        arn = load_balancer.arn
        yield "load-balancer", arn, {"attributes": load_balancer.attrs, "tags": tags(arn)}
        for listener in load_balancer.listeners.values():
            yield "listener", listener.arn, {"port": listener.port, "tags": tags(listener.arn)}
    for group in backend.target_groups.values():
        targets = sorted(f"{target['Id']}:{target['Port']}" for target in group.targets.values())
        yield "target-group", group.arn, {"targets": targets, "tags": tags(group.arn)}


def _classic(backend: Any) -> Iterator[Row]:
    for load_balancer in backend.load_balancers.values():
        yield "classic-load-balancer", load_balancer.name, {"tags": dict(load_balancer.tags)}


def _keys(backend: Any) -> Iterator[Row]:
    managed = {alias.target_key_id for alias in backend.list_aliases() if alias.alias_name.startswith("alias/aws/")}
    for key in backend.keys.values():
        if key.key_manager == "CUSTOMER" and key.id not in managed:
            detail = {"state": key.key_state, "enabled": key.enabled, "grants": len(key.grants)}
            yield "kms-key", key.id, detail


def _identity(backend: Any) -> Iterator[Row]:
    for role in backend.roles.values():
        policies = sorted([*role.policies, *role.managed_policies])
        yield "iam-role", role.name, {"policies": policies}
    for profile in backend.instance_profiles.values():
        yield "iam-instance-profile", profile.name, {"roles": [role.name for role in profile.roles]}
    for user in backend.users.values():
        yield "iam-user", user.name, {}


def _buckets(backend: Any) -> Iterator[Row]:
    for name, bucket in backend.buckets.items():
        yield "bucket", name, {"objects": sorted(bucket.keys)}


def _parameters(backend: Any) -> Iterator[Row]:
    for name in backend._parameters:
        if not name.startswith("/aws/"):
            yield "parameter", name, {}
