"""STS: presigned calls that say who somebody is, and roles for tokens of an issuer that IAM knows."""

from __future__ import annotations

import base64
import datetime
import hashlib
import http.server
import json
import ssl
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from .world import REGION, World, check, expect

ACCOUNT = "0123456789012"


def _role(world: World, trust: dict[str, Any]) -> str:
    statement = {"Effect": "Allow", **trust}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = f"role-{world.unique}"
    return world.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]


def _presigned(world: World, credentials: dict[str, str], seconds: int = 60) -> str:
    client = boto3.session.Session().client(
        "sts",
        endpoint_url=world.endpoint,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    return client.generate_presigned_url("get_caller_identity", ExpiresIn=seconds, HttpMethod="GET")


def _asked(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@check
def presigned(world: World) -> None:
    """A presigned GetCallerIdentity says who signed it; one that was changed, or has expired, says nothing"""
    arn = _role(world, {"Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    credentials = world.client("sts").assume_role(RoleArn=arn, RoleSessionName="someone")["Credentials"]
    url = _presigned(world, credentials)
    status, said = _asked(url)
    who = f"<Arn>arn:aws:sts::{ACCOUNT}:assumed-role/role-{world.unique}/someone</Arn>"
    expect((status, who in said), (200, True))
    forged = {**credentials, "SecretAccessKey": "x" * 40}
    for wrong in (_presigned(world, forged), f"{url}&Purpose=other"):
        status, said = _asked(wrong)
        expect((status, "<Code>SignatureDoesNotMatch</Code>" in said), (403, True))
    short = _presigned(world, credentials, seconds=1)
    time.sleep(2.5)
    status, said = _asked(short)
    expect((status, "Signature expired" in said), (403, True))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "issuer")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    return (
        built.serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .sign(key, SHA256())
    )


@contextmanager
def _issuer(key: rsa.RSAPrivateKey) -> Iterator[tuple[str, str]]:
    """An issuer's address, and the thumbprint of its certificate."""
    numbers, certificate = key.public_key().public_numbers(), _certificate(key)
    keys = {"keys": [{"kty": "RSA", "kid": "one", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}]}

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            discovered = {"jwks_uri": f"https://127.0.0.1:{server.server_port}/keys"}
            body = json.dumps(keys if self.path == "/keys" else discovered).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    with tempfile.NamedTemporaryFile() as both:
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        both.write(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
        both.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both.name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        thumbprint = hashlib.sha1(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
        yield f"https://127.0.0.1:{server.server_port}", thumbprint
    finally:
        server.shutdown()


@check
def web_identities(world: World) -> None:
    """A role is assumed with a token that its issuer signed for it, and with no other"""
    key, other = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    iam, sts = world.client("iam"), world.client("sts")
    with _issuer(key) as (issuer, thumbprint):
        provider = iam.create_open_id_connect_provider(
            Url=issuer, ClientIDList=["sts.amazonaws.com"], ThumbprintList=[thumbprint]
        )["OpenIDConnectProviderArn"]
        subject = f"system:serviceaccount:default:{world.unique}"
        arn = _role(
            world,
            {
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{issuer.removeprefix('https://')}:sub": subject}},
            },
        )
        good = {"iss": issuer, "sub": subject, "aud": ["sts.amazonaws.com"], "exp": time.time() + 600}

        def assumed(claims: dict[str, Any], by: rsa.RSAPrivateKey = key, role: str = arn) -> str:
            header = {"alg": "RS256", "kid": "one"}
            signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
            signature = by.sign(signed.encode(), padding.PKCS1v15(), SHA256())
            token = f"{signed}.{_encoded(signature)}"
            wanted = {"RoleArn": role, "RoleSessionName": "pod", "WebIdentityToken": token}
            return world.error(sts.assume_role_with_web_identity, **wanted)

        expect(assumed(good), "no error")
        found = {
            "another's signature": assumed(good, by=other),
            "another subject": assumed({**good, "sub": "system:serviceaccount:default:other"}),
            "another audience": assumed({**good, "aud": "kubernetes"}),
            "an end in the past": assumed({**good, "exp": time.time() - 1}),
            "an issuer that IAM does not know": assumed({**good, "iss": "https://127.0.0.1:1"}),
            "a role that is not there": assumed(good, role=f"arn:aws:iam::{ACCOUNT}:role/nobody"),
        }
        wanted = {
            "another's signature": "InvalidIdentityToken",
            "another subject": "AccessDenied",
            "another audience": "InvalidIdentityToken",
            "an end in the past": "ExpiredTokenException",
            "an issuer that IAM does not know": "InvalidIdentityToken",
            "a role that is not there": "AccessDenied",
        }
        expect(found, wanted)
        iam.update_open_id_connect_provider_thumbprint(OpenIDConnectProviderArn=provider, ThumbprintList=["0" * 40])
        expect(assumed(good), "InvalidIdentityToken")
