"""Faults that need the models: an AWS error before the call, or after it was committed ("the answer was lost").

Faults of the network and of KMS, IAM and STS belong to the proxy.
"""

from __future__ import annotations

from typing import Any

FAULTS: list[dict[str, Any]] = []
VOLUME_ENDS = ("error", "vanishes")


def add_fault(fault: dict[str, Any]) -> list[dict[str, Any]]:
    """`{"action": "RunInstances", "code": …, "message": …, "count": 1, "after": false, "match": {…}}`.

    `action` "asg:<name>" meets that group's own launches: EC2 refuses them, and the activity is `Failed`; or, with
    `"dies": true`, it begins them and the instance dies of that reason while it is pending, and the activity is `Cancelled`.
    `action` "volume" meets volumes that are made: `"end"` is "error" or "vanishes", and `match` may name a "zone" and a "type".
    """
    if fault["action"] == "volume" and fault.get("end") not in VOLUME_ENDS:
        raise ValueError(f"a volume's end is one of {', '.join(VOLUME_ENDS)}, not {fault.get('end')}")
    FAULTS.append({"count": 1, **fault})
    return FAULTS


def clear_faults(action: str | None) -> list[dict[str, Any]]:
    FAULTS[:] = [fault for fault in FAULTS if action is not None and fault["action"] != action]
    return FAULTS


def take_fault(action: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
    for fault in FAULTS:
        matches = all(parameters.get(key) == value for key, value in fault.get("match", {}).items())
        if fault["action"] == action and matches:
            fault["count"] -= 1
            if fault["count"] <= 0:
                FAULTS.remove(fault)
            return fault
    return None
