"""Furnishes the account with what exists before Slipway does anything: network, key pair, profiles, KMS key, bucket.

What exactly is data, written in `sandbox/aws/account.ts` and handed to the launcher. Furnishing goes through moto's
models, with the very ids given there, and leaves alone what is there already.
"""

from __future__ import annotations

import json
from typing import Any

import moto.ec2.models as ec2_models
import moto.iam.models as moto_iam
import moto.kms.models as moto_keys
import moto.s3.models as moto_s3

from .idempotency import choose_ids
from .kms import choose_key_id
from .simulation import internal_call

ASSUME_BY_EC2 = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


def furnish(description: dict[str, Any]) -> None:
    with internal_call():
        _furnish(description)


def _furnish(description: dict[str, Any]) -> None:
    account, region = description["account"], description["region"]
    ec2 = ec2_models.ec2_backends[account][region]
    _network(ec2, description["vpc"])
    _security_groups(ec2, description["vpc"]["id"], description["securityGroups"])
    for pair in description["keyPairs"]:
        if pair["name"] not in ec2.key_pairs:
            ec2.import_key_pair(pair["name"], pair["publicKey"].encode(), {})
    _profiles(moto_iam.iam_backends[account]["aws"], description["instanceProfiles"])
    _kms_keys(moto_keys.kms_backends[account][region], description["kmsKeys"])
    _buckets(moto_s3.s3_backends[account]["aws"], region, description["buckets"])


def _network(ec2: Any, vpc: dict[str, Any]) -> None:
    if vpc["id"] in ec2.vpcs:
        return
    choose_ids([vpc["id"]])
    made = ec2.create_vpc(vpc["cidr"])
    made.add_tag("Name", vpc["name"])
    # Instances need names: node names are private DNS names.
    ec2.modify_vpc_attribute(made.id, "enable_dns_hostnames", True)
    ec2.modify_vpc_attribute(made.id, "enable_dns_support", True)
    gateway = ec2.create_internet_gateway()
    gateway.add_tag("Name", vpc["name"])
    ec2.attach_internet_gateway(gateway.id, made.id)
    for subnet in vpc["subnets"]:
        choose_ids([subnet["id"]])
        created = ec2.create_subnet(made.id, subnet["cidr"], availability_zone=subnet["zone"])
        created.add_tag("Name", subnet["name"])
        created.map_public_ip_on_launch = False
    _ways_out(ec2, vpc, gateway)


def _ways_out(ec2: Any, vpc: dict[str, Any], gateway: Any) -> None:
    """A table for the public subnets, and one for the private; the VPC's main table leads nowhere else."""
    public = [subnet["id"] for subnet in vpc["subnets"] if subnet["public"]]
    nat = ec2.create_nat_gateway(public[0], ec2.allocate_address("vpc").allocation_id)
    nat.add_tag("Name", vpc["name"])
    for name, route in (("public", {"gateway_id": gateway.id}), ("private", {"nat_gateway_id": nat.id})):
        table = ec2.create_route_table(vpc["id"])
        table.add_tag("Name", f"{vpc['name']}-{name}")
        ec2.create_route(table.id, "0.0.0.0/0", **route)
        for subnet in vpc["subnets"]:
            if subnet["public"] == (name == "public"):
                ec2.associate_route_table(table.id, subnet_id=subnet["id"])


def _security_groups(ec2: Any, vpc_id: str, groups: list[dict[str, Any]]) -> None:
    for group in groups:
        if group["id"] not in ec2.groups[vpc_id]:
            choose_ids([group["id"]])
            ec2.create_security_group(group["name"], group["description"], vpc_id=vpc_id)
            for rule in group["ingress"]:
                ports = (str(rule["port"]), str(rule["port"]))
                ec2.authorize_security_group_ingress(group["id"], "tcp", *ports, [{"CidrIp": rule["cidr"]}])


def _profiles(iam: Any, names: list[str]) -> None:
    for name in names:
        if name not in {profile.name for profile in iam.get_instance_profiles()}:
            iam.create_role(name, ASSUME_BY_EC2, "/", None, "", [], None)
            iam.create_instance_profile(name, "/", [], [])
            iam.add_role_to_instance_profile(name, name)


def _kms_keys(kms: Any, keys: list[dict[str, Any]]) -> None:
    for key in keys:
        if key["id"] not in kms.keys:
            choose_key_id(key["id"])
            kms.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", key["description"], [])


def _buckets(s3: Any, region: str, names: list[str]) -> None:
    for name in names:
        if name not in s3.buckets:
            s3.create_bucket(name, region)
