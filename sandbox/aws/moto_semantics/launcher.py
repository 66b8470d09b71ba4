"""Starts moto with its missing semantics: `python -m moto_semantics.launcher --host 127.16.0.3 --port 5000`.

Prints one line of JSON, `{"ready": "http://…"}`, once the account is furnished, and ends when its standard input does,
so that it never outlives the process that started it.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import signal
import sys
import threading
from typing import Any

import moto

from . import (  # each patches its service when imported
    auto_scaling,  # noqa: F401
    control,  # noqa: F401
    filters,  # noqa: F401
    idempotency,  # noqa: F401
    images,  # noqa: F401
    instances,  # noqa: F401
    kms,  # noqa: F401
    launch_templates,  # noqa: F401
    load_balancing,  # noqa: F401
    lookups,  # noqa: F401
    network,  # noqa: F401
    presigned,  # noqa: F401
    quotas,  # noqa: F401
    reconciliation,  # noqa: F401
    security_groups,  # noqa: F401
    tags,  # noqa: F401
    target_groups,  # noqa: F401
    visibility,  # noqa: F401
    volumes,  # noqa: F401
    web_identity,  # noqa: F401
)
from .account import furnish
from .simulation import LOCK, OPTIONS, TIMING
from .ticker import start_ticker

MOTO_VERSION = "5.2.5"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="moto with the semantics of AWS that it lacks")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000, help="0 picks a free one")
    parser.add_argument("--account", type=json.loads, help="the account's description as JSON, see account.py")
    parser.add_argument("--timing", type=json.loads, default={}, help='seconds by name, as in {"pending": 5}')
    parser.add_argument("--unpublished", type=json.loads, default={}, help='images that are not there, as in {"ami-slipway-1": "why"}')
    parser.add_argument("--target-health", choices=["assumed", "reported"], default="assumed")
    parser.add_argument("--machines", choices=["assumed", "reported"], default="assumed")
    return parser.parse_args()


def _end_with_standard_input() -> None:
    """The parent holds the other end: when it dies, however it dies, the pipe closes."""

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def main() -> None:
    if moto.__version__ != MOTO_VERSION:
        raise SystemExit(f"the patches are written for moto {MOTO_VERSION}, found {moto.__version__}: install that one")
    arguments = _arguments()
    TIMING.update(arguments.timing)
    OPTIONS.unpublished = arguments.unpublished
    OPTIONS.target_health, OPTIONS.machines = arguments.target_health, arguments.machines
    if arguments.account:
        OPTIONS.account, OPTIONS.region = arguments.account["account"], arguments.account["region"]
        with LOCK:
            furnish(arguments.account)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    from moto.server import ThreadedMotoServer

    # Collected from now on, but for all that is loaded: some three hundred thousand objects.
    gc.freeze()
    gc.enable()

    server: Any = ThreadedMotoServer(arguments.host, arguments.port, verbose=False)
    server.start()
    start_ticker()
    _end_with_standard_input()
    host, port = server.get_host_and_port()
    print(json.dumps({"ready": f"http://{host}:{port}"}), flush=True)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: os._exit(0))
    threading.Event().wait()


if __name__ == "__main__":
    main()
