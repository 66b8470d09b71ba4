"""What was made is not at once known everywhere: a security group, a launch template and its versions, an instance profile.

Owns: since when each is. Who makes one says so with `made`; who names one asks `is_visible`, and answers as if it weren't there:
"due to the distributed nature of the system supporting the API", the result of a call "might not be immediately visible to
all subsequent commands" (https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html). Describing shows it at
once: who looks finds what was made, and who uses it may be told that it does not exist. How late is
`TIMING["visible"]`, none by default; what the account was furnished with has been there for long.
"""

from __future__ import annotations

import collections
from typing import Any

import moto.ec2.models as ec2_models
import moto.iam.models as moto_iam

from .patching import patch
from .simulation import TIMING, is_internal, now
from .unseen import is_unseen

_KEPT = 5000

# identity -> when it is known everywhere
_known_at: collections.OrderedDict[str, float] = collections.OrderedDict()


def is_visible(identity: str) -> bool:
    return now() >= _known_at.get(identity, 0) and not is_unseen(identity.partition(":")[0])


def profile_identity(account: str, name: str) -> str:
    return f"{account}/instance-profile/{name}"


def version_identity(template_id: str, number: Any) -> str:
    return f"{template_id}:{number}"


def made(identity: str) -> None:
    if TIMING["visible"] == 0 or is_internal():
        return
    _known_at[identity] = now() + TIMING["visible"]
    if len(_known_at) > _KEPT:
        _known_at.popitem(last=False)


@patch(ec2_models.EC2Backend)
def create_security_group(original: Any, self: Any, *args: Any, **kwargs: Any) -> Any:
    group = original(self, *args, **kwargs)
    made(group.id)
    return group


@patch(moto_iam.IAMBackend)
def create_instance_profile(original: Any, self: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    profile = original(self, name, *args, **kwargs)
    made(profile_identity(self.account_id, name))
    return profile
