"""Presigned calls of STS: who hands one over proves by it who they are, to whoever makes the call.

Owns: when such a URL counts: it has not expired, and it was signed with the key that it names, over the headers that it names.
moto reads who signed from the header `Authorization` only. A key whose secret nobody here knows, such as the sandbox's own fixed
one, is believed, as it is everywhere in this account. Source:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import urllib.parse
from typing import Any

import moto.iam.models as moto_iam
import moto.moto_server.werkzeug_app as werkzeug_app
import moto.sts.models as moto_sts

from .patching import patch

FORMAT = "%Y%m%dT%H%M%SZ"
LONGEST_SECONDS = 604_800


class Refused(Exception):
    """Code and message of STS."""


def _query(environment: dict[str, Any]) -> dict[str, str]:
    return dict(urllib.parse.parse_qsl(environment.get("QUERY_STRING", ""), keep_blank_values=True))


def _secret_of(access_key: str) -> str | None:
    for account in list(moto_sts.sts_backends.values()):
        for backend in list(account.values()):
            role = backend.get_assumed_role_from_access_key(access_key)
            if role:
                return role.secret_access_key
    for account in list(moto_iam.iam_backends.values()):
        for backend in list(account.values()):
            for key in backend.get_all_access_keys_for_all_users():
                if key.access_key_id == access_key:
                    return key.secret_access_key
    return None


def _check_time(query: dict[str, str]) -> None:
    signed = datetime.datetime.strptime(query["X-Amz-Date"], FORMAT).replace(tzinfo=datetime.timezone.utc)
    lasts = min(int(query.get("X-Amz-Expires", 900)), LONGEST_SECONDS)
    ends, present = signed + datetime.timedelta(seconds=lasts), datetime.datetime.now(datetime.timezone.utc)
    if present > ends:
        message = f"Signature expired: {ends:{FORMAT}} is now earlier than {present:{FORMAT}}"
        raise Refused("SignatureDoesNotMatch", message)


def _header(environment: dict[str, Any], name: str) -> str:
    return " ".join(str(environment.get("HTTP_" + name.upper().replace("-", "_"), "")).split())


def _canonical(environment: dict[str, Any], query: dict[str, str]) -> str:
    def encoded(text: str) -> str:
        return urllib.parse.quote(text, safe="-_.~")

    signed = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    parameters = "&".join(sorted(f"{encoded(name)}={encoded(value)}" for name, value in signed.items()))
    names = query["X-Amz-SignedHeaders"].split(";")
    headers = "".join(f"{name}:{_header(environment, name)}\n" for name in names)
    parts = [environment["REQUEST_METHOD"], environment.get("PATH_INFO") or "/", parameters, headers]
    return "\n".join([*parts, ";".join(names), hashlib.sha256(b"").hexdigest()])


def _signature(environment: dict[str, Any], query: dict[str, str], secret: str) -> str:
    scope = query["X-Amz-Credential"].split("/")[1:]
    canonical = hashlib.sha256(_canonical(environment, query).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), canonical])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _check(environment: dict[str, Any], query: dict[str, str]) -> None:
    _check_time(query)
    secret = _secret_of(query["X-Amz-Credential"].split("/")[0])
    if secret and not hmac.compare_digest(_signature(environment, query, secret), query.get("X-Amz-Signature", "")):
        message = "The request signature we calculated does not match the signature you provided."
        raise Refused("SignatureDoesNotMatch", message)


def _is_presigned(query: dict[str, str]) -> bool:
    return query.get("X-Amz-Credential", "").split("/")[3:4] == ["sts"]


@patch(werkzeug_app.DomainDispatcherApplication, "__call__")
def _dispatch(original: Any, self: Any, environment: dict[str, Any], start_response: Any) -> Any:
    query = _query(environment)
    if environment.get("HTTP_AUTHORIZATION") or not _is_presigned(query):
        return original(self, environment, start_response)
    try:
        _check(environment, query)
    except (Refused, KeyError, ValueError) as error:
        code, message = error.args if isinstance(error, Refused) else ("IncompleteSignature", str(error))
        text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        start_response("403 Forbidden", [("Content-Type", "text/xml")])
        return [text.encode()]
    named = f"Credential={query['X-Amz-Credential']}, SignedHeaders={query['X-Amz-SignedHeaders']}"
    signed = {**environment, "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {named}, Signature={query['X-Amz-Signature']}"}
    return original(self, signed, start_response)
