"""The clock of the simulation: everything that happens without a call."""

from __future__ import annotations

import logging
import threading
import time

import moto.autoscaling.models as moto_groups
import moto.ec2.models as ec2_models

from .instances import forget_long_terminated, observe
from .load_balancing import release_interfaces
from .reconciliation import reconcile_group
from .simulation import LOCK, TIMING
from .target_groups import announce_phases
from .volumes import end_failed_volumes


def tick() -> None:
    for account in list(ec2_models.ec2_backends.values()):
        for backend in list(account.values()):
            for instance in backend.all_instances():
                observe(instance)
            forget_long_terminated(backend)
            end_failed_volumes(backend)
    for account in list(moto_groups.autoscaling_backends.values()):
        for backend in list(account.values()):
            for group in list(backend.autoscaling_groups.values()):
                reconcile_group(backend, group)
    release_interfaces()
    announce_phases()


def start_ticker() -> None:
    def run() -> None:
        while True:
            time.sleep(TIMING["tick"])
            try:
                with LOCK:
                    tick()
            except Exception:  # the simulation goes on; the log says what went wrong
                logging.exception("a tick of the simulation failed")

    threading.Thread(target=run, daemon=True, name="ticker").start()
