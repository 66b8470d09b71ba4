"""AssumeRoleWithWebIdentity: a token counts when its issuer signed it, and the role trusts that issuer with such a token.

Owns: that judgement, in the order and the words of STS; moto hands out any role for any token. Keys are read from the issuer,
as STS reads them: its discovery document, then its key set, over TLS whose certificate the provider's thumbprint names.
Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import ssl
import time
import urllib.parse
import urllib.request
from typing import Any

import moto.iam.models as moto_iam
import moto.sts.responses as moto_responses
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from moto.sts.exceptions import STSClientError

from .patching import patch

PATIENCE_SECONDS = 5
DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


def _invalid(message: str) -> STSClientError:
    return STSClientError("InvalidIdentityToken", message)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_bytes(text), "big")


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, signature, and what was signed."""
    try:
        header, claims, signature = token.split(".")
        return json.loads(_bytes(header)), json.loads(_bytes(claims)), _bytes(signature), f"{header}.{claims}".encode()
    except ValueError as error:
        raise _invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)") from error


def _provider(iam: Any, issuer: str) -> Any:
    address = urllib.parse.urlparse(issuer)
    name = (address.netloc + address.path).rstrip("/")
    found = next((one for one in iam.open_id_providers.values() if one.url.rstrip("/") == name), None)
    if found is None or address.scheme != "https":
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
    return found


def _read(address: str, thumbprints: list[str]) -> Any:
    named = urllib.parse.urlparse(address)
    try:
        certificate = ssl.get_server_certificate((named.hostname or "", named.port or 443), timeout=PATIENCE_SECONDS)
        thumbprint = hashlib.sha1(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
        if thumbprint not in [one.lower() for one in thumbprints]:
            raise _invalid("OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint")
        trusted = ssl._create_unverified_context()  # the thumbprint has named it
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS, context=trusted) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        message = f"Couldn't retrieve verification key from your identity provider: {error}"
        raise STSClientError("IDPCommunicationError", message) from error


def _key(issuer: str, header: dict[str, Any], thumbprints: list[str]) -> Any:
    discovered = _read(f"{issuer.rstrip('/')}/.well-known/openid-configuration", thumbprints)
    for one in _read(discovered["jwks_uri"], thumbprints)["keys"]:
        if one.get("kid") == header.get("kid"):
            if one["kty"] == "RSA":
                return rsa.RSAPublicNumbers(_number(one["e"]), _number(one["n"])).public_key()
            return ec.EllipticCurvePublicNumbers(_number(one["x"]), _number(one["y"]), ec.SECP256R1()).public_key()
    raise _invalid("Couldn't retrieve verification key from your identity provider, please reference the key by its kid")


def _verify(key: Any, algorithm: str, signature: bytes, signed: bytes) -> None:
    try:
        if algorithm == "RS256" and isinstance(key, rsa.RSAPublicKey):
            return key.verify(signature, signed, padding.PKCS1v15(), SHA256())
        if algorithm == "ES256" and isinstance(key, ec.EllipticCurvePublicKey):
            halves = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
            return key.verify(utils.encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        raise _invalid("The token's signature could not be verified") from error
    raise _invalid(f"Unsupported signature algorithm {algorithm}")


def _check_claims(claims: dict[str, Any], provider: Any) -> None:
    audiences = claims.get("aud") or []
    named = [audiences] if isinstance(audiences, str) else audiences
    if not set(named) & set(provider.client_id_list):
        raise _invalid("Incorrect token audience")
    if time.time() > float(claims.get("exp", 0)):
        raise STSClientError("ExpiredTokenException", "Token expired: the token must not be past its expiration time")


def _trusts(role: Any, provider: Any, claims: dict[str, Any]) -> bool:
    statements = json.loads(role.assume_role_policy_document)["Statement"]
    return any(_allows(one, provider, claims) for one in (statements if isinstance(statements, list) else [statements]))


def _allows(statement: dict[str, Any], provider: Any, claims: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    federated = principal.get("Federated") if isinstance(principal, dict) else None
    if statement.get("Effect") != "Allow" or provider.arn not in (federated if isinstance(federated, list) else [federated]):
        return False
    for operator, wanted in statement.get("Condition", {}).items():
        for key, values in wanted.items():
            claim = claims.get(key.rsplit(":", 1)[-1])
            patterns = values if isinstance(values, list) else [values]
            if not any(_meets(operator, str(one), pattern) for one in (claim if isinstance(claim, list) else [claim]) for pattern in patterns):
                return False
    return True


def _meets(operator: str, claim: str, wanted: str) -> bool:
    """What other operators would mean is not known here: then nobody is let in."""
    if operator == "StringLike":
        return fnmatch.fnmatchcase(claim, wanted)
    return operator == "StringEquals" and claim == wanted


@patch(moto_responses.TokenResponse)
def assume_role_with_web_identity(original: Any, self: Any) -> Any:
    arn = self._get_param("RoleArn") or ""
    account = arn.split(":")[4] if arn.count(":") >= 5 else ""
    header, claims, signature, signed = _parts(self._get_param("WebIdentityToken") or "")
    iam = moto_iam.iam_backends[account]["aws"] if account in moto_iam.iam_backends else None
    role = next((one for one in iam.roles.values() if one.arn == arn), None) if iam else None
    if iam is None or role is None:
        raise STSClientError("AccessDenied", DENIED)
    provider = _provider(iam, str(claims.get("iss", "")))
    _check_claims(claims, provider)
    _verify(_key(str(claims["iss"]), header, provider.thumbprint_list), header.get("alg", ""), signature, signed)
    if not _trusts(role, provider, claims):
        raise STSClientError("AccessDenied", DENIED)
    return original(self)
