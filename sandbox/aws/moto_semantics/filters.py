r"""EC2's filters: values are patterns. `*` stands for anything, `?` for one character, `\` takes either literally.

Owns: what a value matches, in one place for all listings; moto has four, of which some know no patterns, one takes `[…]` for a
set, and one wants all of a filter's values to match. On EC2 one value that matches is enough, whatever is filtered
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html#Filtering_Resources_CLI).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import moto.ec2.models.instance_types as moto_types
import moto.ec2.models.security_groups as moto_groups
import moto.ec2.models.tags as moto_tags
import moto.ec2.utils as ec2_utils

from .patching import patch

SPECIAL = frozenset("*?\\")
_PARTS = re.compile(r"\\(.)|(.)", re.DOTALL)
_MEANINGS = {"*": ".*", "?": "."}


def _expression(value: str) -> str:
    """The regular expression of a filter's value, for the whole of what is filtered."""
    parts = (re.escape(quoted) if quoted else _MEANINGS.get(plain, re.escape(plain)) for quoted, plain in _PARTS.findall(value))
    return f"(?s:{''.join(parts)})\\Z"


@functools.lru_cache(maxsize=4096)
def _pattern(value: str) -> re.Pattern[str]:
    return re.compile(_expression(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ec2_utils.format_timestamp(value) if isinstance(value, datetime) else str(value)


def matches(value: Any, wanted: Any) -> bool:
    """Whether a value, or any of several, matches what a filter asks for, or any of that."""
    patterns = [wanted] if isinstance(wanted, str) else wanted or []
    if value is None:
        return False
    several = isinstance(value, Iterable) and not isinstance(value, (str, bytes))
    return any(_one_matches(_text(one), patterns) for one in (value if several else [value]))


def _one_matches(text: str, patterns: Iterable[Any]) -> bool:
    return any(text == str(one) or (SPECIAL & set(str(one)) and _pattern(str(one)).match(text)) for one in patterns)


@patch(ec2_utils)
def is_filter_matching(original: Any, resource: Any, name: str, wanted: Any) -> bool:
    return matches(resource.get_filter_value(name), wanted)


@patch(ec2_utils)
def instance_value_in_filter_values(original: Any, value: Any, wanted: Any) -> bool:
    return matches(value, wanted)


@patch(ec2_utils)
def tag_filter_matches(original: Any, resource: Any, name: str, wanted: Any) -> bool:
    tags = resource.get_tags()
    if name == "tag-key":
        return matches([tag["key"] for tag in tags], wanted)
    key = None if name == "tag-value" else name.removeprefix("tag:")
    return matches([tag["value"] for tag in tags if key in (None, tag["key"])], wanted)


@patch(moto_groups)
def aws_api_matches(original: Any, wanted: str, value: Any) -> bool:
    return matches(value, wanted)


@patch(moto_tags)
def simple_aws_filter_to_re(original: Any, value: str) -> str:
    return _expression(value)


@patch(moto_types.InstanceTypeOfferingBackend)
def matches_filters(original: Any, self: Any, offering: dict[str, Any], filters: Any, location_type: str) -> bool:
    known = {"location": offering.get("Location"), "instance-type": offering.get("InstanceType")}
    return all(name in known and matches(known[name], wanted) for name, wanted in filters.items())


# They keep names of their own for these.
moto_groups.tag_filter_matches = ec2_utils.tag_filter_matches
