"""What EBS refuses of a volume by its numbers alone: sizes, iops, throughput, and how they go together.

Owns: the table of types and the words of each refusal. `volumes.py` asks when a volume is made or changed,
`launch_checks.py` when an instance is launched with one. Limits are those of
https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html. Those of the types that a spec may name are in `limits.json`,
written from `api/aws-limits.ts` by `npm run generate`: admission and this double go by the same numbers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.ec2.exceptions import EC2ClientError

ADMITTED = json.loads((Path(__file__).parent / "limits.json").read_text())["volumes"]
# gp3 has these whatever its size, so they need no room of their own.
GP3_IOPS = ADMITTED["gp3"]["iops"]["baseline"]


@dataclass(frozen=True)
class Limits:
    """Sizes in GiB, throughput in MiB a second; `None` where the type has no such setting."""

    size: tuple[int, int]
    iops: tuple[int, int] | None = None
    iops_a_gib: int = 0
    throughput: tuple[int, int] | None = None
    needs_iops: bool = False


def _pair(limits: dict[str, int] | None) -> tuple[int, int] | None:
    return (limits["least"], limits["most"]) if limits else None


def _admitted(limits: dict[str, Any]) -> Limits:
    iops = limits.get("iops")
    return Limits(
        size=(limits["sizeGiB"]["least"], limits["sizeGiB"]["most"]),
        iops=_pair(iops),
        iops_a_gib=iops["perGiB"] if iops else 0,
        throughput=_pair(limits.get("throughput")),
        needs_iops=iops is not None and "baseline" not in iops,
    )


TYPES = {
    "standard": Limits((1, 1024)),
    **{kind: _admitted(limits) for kind, limits in ADMITTED.items()},
    "st1": Limits((125, 16_384)),
    "sc1": Limits((125, 16_384)),
}
THROUGHPUT_AN_IOPS = 1 / ADMITTED["gp3"]["throughput"]["iopsPerMiB"]


def _refused(message: str, code: str = "InvalidParameterValue") -> EC2ClientError:
    return EC2ClientError(code, message)


def check_volume(volume_type: str | None, size: Any, iops: Any = None, throughput: Any = None) -> None:
    """Refuses as EC2 does. A size of None is the snapshot's, which fits."""
    kind = volume_type or "gp2"
    limits = TYPES.get(kind)
    if limits is None:
        raise _refused(f"Value ({kind}) for parameter volumeType is invalid. Unknown volume type.")
    if size is not None:
        _check_size(kind, int(size), limits)
    _check_iops(kind, size, iops, limits)
    if throughput is not None:
        _check_throughput(kind, int(throughput), int(iops or GP3_IOPS), limits)


def _check_size(kind: str, size: int, limits: Limits) -> None:
    least, most = limits.size
    if size < least:
        raise _refused(f"Volume of {size}GiB is too small for volume type {kind}; minimum is {least}GiB")
    if size > most:
        raise _refused(f"Volume of {size}GiB is too large for volume type {kind}; maximum is {most}GiB")


def _check_iops(kind: str, size: Any, iops: Any, limits: Limits) -> None:
    if iops is None:
        if limits.needs_iops:
            raise _refused(f"The parameter iops must be specified for {kind} volumes.", "MissingParameter")
        return
    if limits.iops is None:
        raise _refused(f"The parameter iops is not supported for {kind} volumes.", "InvalidParameterCombination")
    least, most = limits.iops
    wanted = int(iops)
    if wanted < least:
        raise _refused(f"Volume iops of {wanted} is too low; minimum is {least}.")
    if wanted > most:
        raise _refused(f"Volume iops of {wanted} is too high; maximum is {most}.")
    included = GP3_IOPS if kind == "gp3" else 0
    if size is not None and wanted > max(included, int(size) * limits.iops_a_gib):
        ratio = wanted / int(size)
        raise _refused(f"Iops to volume size ratio of {ratio:.6f} is too high; maximum is {limits.iops_a_gib}")


def _check_throughput(kind: str, throughput: int, iops: int, limits: Limits) -> None:
    if limits.throughput is None:
        raise _refused(f"The parameter throughput is not supported for {kind} volumes.", "InvalidParameterCombination")
    least, most = limits.throughput
    if not least <= throughput <= most:
        way, end, limit = ("low", "minimum", least) if throughput < least else ("high", "maximum", most)
        raise _refused(f"Volume throughput of {throughput} MiB/s is too {way}; {end} is {limit} MiB/s.")
    if throughput > iops * THROUGHPUT_AN_IOPS:
        ratio = f"Throughput (MiBps) to iops ratio of {throughput / iops:.6f} is too high"
        raise _refused(f"{ratio}; maximum is {THROUGHPUT_AN_IOPS:.6f} MiBps per iops")
