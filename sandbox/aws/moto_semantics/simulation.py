"""What all services share: one lock, one clock, the timings, and who the account is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Every call that changes EC2, Auto Scaling or load balancing runs under this lock, and so does the ticker. moto checks
# and writes without one, so that two callers at once could both pass a uniqueness check.
LOCK = threading.RLock()

now = time.monotonic

# Seconds; settable with --timing and POST /_sim/timing. Short, so that the sandbox is quick, but never zero: code that
# does not wait for a state must be seen to fail. What concerns availability is set by `sandbox/pace.ts`.
TIMING: dict[str, float] = {
    "pending": 0.3,
    # How long ending takes at least; and at most, where somebody reports the machine's own end (Options.machines).
    "shutting_down": 0.3,
    "stopping": 0.2,
    "shutdown_limit": 5,
    "terminated_visible": 900,  # EC2 shows a terminated instance for about an hour
    # Until what was made is known to whoever may be asked to use it (visibility.py).
    "visible": 0,
    "volume_create": 0.2,
    "volume_attach": 0.1,
    "asg_launch": 0.1,
    "asg_launch_retry": 2.0,
    # Until Auto Scaling suspends the launches of a group that never came to an instance (suspension.py).
    "asg_give_up": 86_400,
    "asg_health": 0.2,
    "nlb_provision": 0.3,
    "nlb_eni_release": 0.4,
    # Until a registered target is known everywhere, and until a deregistered one is forgotten everywhere.
    "target_registration": 0.1,
    "target_deregistration": 0,
    # `draining` lasts as long as the group's deregistration delay says, and at most so long.
    "target_drain": 0.3,
    # Seconds between health checks of a healthy target, for a data plane in a hurry; 0: as its target group says.
    "check_interval": 0,
    "tick": 0.05,
}


@dataclass
class Options:
    account: str = "123456789012"
    region: str = "us-east-1"
    # "assumed": a registered target is healthy until told otherwise. "reported": it stays `initial` until a data plane
    # has reported on it with POST /_sim/health.
    target_health: str = "assumed"
    # "assumed": a machine that is told to end has ended after the least time. "reported": it ends when whoever plays it
    # says so with POST /_sim/ended, or is cut off after TIMING["shutdown_limit"].
    machines: str = "assumed"
    # Images of Slipway's that are not there, by id, each with why.
    unpublished: dict[str, str] = field(default_factory=dict)


OPTIONS = Options()

_internal = threading.local()


@contextmanager
def internal_call() -> Iterator[None]:
    """Marks what moto does on its own behalf (a root volume, say), which the checks on API calls must not refuse."""
    _internal.depth = getattr(_internal, "depth", 0) + 1
    try:
        yield
    finally:
        _internal.depth -= 1


def is_internal() -> bool:
    return getattr(_internal, "depth", 0) > 0
