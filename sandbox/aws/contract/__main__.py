"""Runs the checks against an endpoint, a few at a time: `python -m contract http://127.0.0.1:5000 [--only text]`."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import sys

from . import (  # noqa: F401
    auto_scaling,
    filters,
    idempotency,
    identities,
    instances,
    launches,
    load_balancing,
    network,
    other_services,
    packet_filter,
    quotas,
    tags,
    visibility,
    volumes,
)
from .scenario import run_scenario
from .world import CHECKS, Check, World

# Long enough for a loaded computer to see every state on the way: a check waits, while others run.
TIMING = {
    "pending": 4,
    "shutting_down": 4,
    "volume_create": 5,
    "volume_attach": 5,
    "nlb_provision": 5,
    "nlb_eni_release": 5,
    "target_registration": 5,
    "target_deregistration": 5,
    "target_drain": 8,
}


def _result(service: str, name: str, failure: str | None) -> bool:
    line = json.dumps({"service": service, "check": name, "ok": failure is None, "failure": failure})
    # One write: print() writes the line and its end apart, and checks run side by side.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    return failure is None


def _run(endpoint: str, check: Check) -> bool:
    world = World(endpoint)
    try:
        world.build_network()
        check.run(world)
    except Exception as error:  # a check that cannot even be carried out has failed as well
        return _result(check.service, check.name, f"{type(error).__name__}: {error}")
    return _result(check.service, check.name, None)


def _run_scenario(endpoint: str, clusters: int) -> bool:
    name = f"The inventory after {clusters} clusters were built, repaired and torn down equals that of before"
    try:
        run_scenario(World(endpoint), clusters)
    except Exception as error:
        return _result("scenario", name, f"{type(error).__name__}: {error}")
    return _result("scenario", name, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint")
    parser.add_argument("--only", default="", help="run only the checks whose sentence contains this")
    parser.add_argument("--at-once", type=int, default=12)
    parser.add_argument("--clusters", type=int, default=3)
    arguments = parser.parse_args()
    World(arguments.endpoint).sim("timing", TIMING)
    chosen = [check for check in CHECKS if arguments.only.lower() in check.name.lower()]
    with concurrent.futures.ThreadPoolExecutor(arguments.at_once) as pool:
        together = [check for check in chosen if not check.alone]
        results = list(pool.map(lambda check: _run(arguments.endpoint, check), together))
    results += [_run(arguments.endpoint, check) for check in chosen if check.alone]
    if arguments.only.lower() in "inventory after clusters":
        results.append(_run_scenario(arguments.endpoint, arguments.clusters))
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
