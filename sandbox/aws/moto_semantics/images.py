"""Machine images: those of Slipway exist as soon as anyone asks for one, every other must have been registered.

An image is of one architecture: x86_64, unless its name says arm64. Those that the sandbox could not boot are not published: an id that
names one is refused as any other that is not there, with why.
"""

from __future__ import annotations

from typing import Any

import moto.ec2.models as ec2_models
import moto.ec2.models.amis as moto_images
from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError

from .patching import patch
from .simulation import OPTIONS, internal_call

PREFIX = "ami-slipway-"
# Published by another account, as images of a distribution are: they are no part of the account's own inventory.
PUBLISHER = "999999999999"


@patch(ec2_models.EC2Backend)
def describe_images(
    original: Any, self: Any, ami_ids: Any = None, filters: Any = None, *args: Any, **kwargs: Any
) -> Any:
    for image_id in [*(ami_ids or []), *((filters or {}).get("image-id") or [])]:
        if image_id.startswith(PREFIX) and image_id not in self.amis and image_id not in OPTIONS.unpublished:
            with internal_call():
                self.amis[image_id] = _published(self, image_id)
    return original(self, ami_ids, filters, *args, **kwargs)


def unknown_image(image_id: str) -> EC2ClientError:
    """What EC2 says of an image that is not there; of one that the sandbox does not have, also why."""
    why = OPTIONS.unpublished.get(image_id)
    refusal = InvalidAMIIdError([image_id])
    return refusal if why is None else EC2ClientError("InvalidAMIID.NotFound", f"{refusal.message}: {why}")


def _published(backend: Any, image_id: str) -> Any:
    return moto_images.Ami(
        backend,
        image_id,
        name=f"slipway-{image_id.removeprefix(PREFIX)}",
        owner_id=PUBLISHER,
        public=True,
        architecture="arm64" if "arm64" in image_id else "x86_64",
        virtualization_type="hvm",
        root_device_name="/dev/xvda",
        root_device_type="ebs",
        state="available",
    )
