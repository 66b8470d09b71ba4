"""`/_sim/…`: the sandbox's own door into the simulation, on moto's port. No signed AWS call has such a path.

GET  events?after=N&timeout=20   long poll: {"next", "events": [{seq, type, …}], "missed"}
GET  instances                   every instance with user data, interfaces, volumes, tags
GET  load-balancers              listeners, targets and addresses: what a data plane needs
GET  inventory[?account=]        every resource of the account, canonical and sorted
GET  snapshot-hash               one hash over that inventory
GET  process                     {"pid"}: for those who want to see what happens when it dies
POST health                      {"tg": "name or *", "id", "port", "state", "reason"}
POST terminate                   {"id", "reason"}: that instance died by itself
POST ended                       {"id"}: that instance was told to end, and its machine has
POST linger                      {"id", "seconds"}: its end takes so long at least; 0 lets it end at once
POST suspend                     {"group"}: Auto Scaling gave that group up, as after a day of failed launches
POST timing                      {"pending": 5, …}, in seconds; answers with all of them
POST quota                       {"code": "L-1216C47A", "value": 8}: what Service Quotas answers from now on
POST ids                         {"ids": ["subnet-…"]}: the next of each kind gets that id
POST fault                       see faults.py
DELETE fault[?action=]           takes back all faults, or those of one action
POST lose-volume                 {"id"}: the volume is gone, whoever used it; {"id", "instance"} says who did
POST detach-interface            {"id"}: somebody took the interface from its instance
POST unseen                      {"ids": ["vol-…"], "seconds"}: no look shows these, and no call that names them knows them
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import urllib.parse
from collections.abc import Callable
from typing import Any

import moto.autoscaling.models as moto_groups
import moto.ec2.models as ec2_models
import moto.moto_server.werkzeug_app as werkzeug_app

from .balancer_views import load_balancer_views
from .events import instance_view, wait_for_events
from .faults import add_fault, clear_faults
from .idempotency import choose_ids
from .instances import end_instance, linger, machine_ended
from .inventory import inventory
from .losses import NotThere, detach_interface, lose_volume
from .patching import patch
from .quotas import set_quota
from .simulation import LOCK, OPTIONS, TIMING
from .suspension import give_up
from .target_groups import report_health
from .unseen import hide

PREFIX = "/_sim/"
DIED = "Server.InternalError: Internal error: the instance stopped by itself"


class NotFound(Exception):
    pass


def _instances() -> list[Any]:
    return [
        instance
        for account in list(ec2_models.ec2_backends.values())
        for backend in list(account.values())
        for instance in backend.all_instances()
    ]


def _instance(instance_id: str) -> Any:
    found = next((instance for instance in _instances() if instance.id == instance_id), None)
    if found is None:
        raise NotFound(f"there is no instance {instance_id}")
    return found


def _terminate(request: dict[str, Any]) -> dict[str, Any]:
    """As EC2 reports a failed instance; its auto scaling group then replaces it by its own health check."""
    instance = _instance(request["id"])
    end_instance(instance, request.get("reason") or DIED)
    machine_ended(instance)
    return instance_view(instance)


def _ended(request: dict[str, Any]) -> dict[str, Any]:
    instance = _instance(request["id"])
    machine_ended(instance)
    return instance_view(instance)


def _linger(request: dict[str, Any]) -> dict[str, Any]:
    instance = _instance(request["id"])
    linger(instance, float(request["seconds"]))
    return instance_view(instance)


def _suspend(request: dict[str, Any]) -> list[dict[str, str]]:
    for account in list(moto_groups.autoscaling_backends.values()):
        for backend in list(account.values()):
            if request["group"] in backend.autoscaling_groups:
                group = backend.autoscaling_groups[request["group"]]
                give_up(group)
                return group.suspended_processes
    raise NotFound(f"there is no auto scaling group {request['group']}")


def _set_timing(request: dict[str, Any]) -> dict[str, float]:
    unknown = sorted(set(request) - set(TIMING))
    if unknown:
        raise ValueError(f"no such timing: {', '.join(unknown)}; there are {', '.join(sorted(TIMING))}")
    TIMING.update(request)
    return TIMING


def _answer(method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> Any:
    """Runs under the lock; `events` waits, and so is answered outside of it."""
    account = query.get("account", OPTIONS.account)
    routes: dict[tuple[str, str], Callable[[], Any]] = {
        ("GET", "instances"): lambda: [instance_view(instance) for instance in _instances()],
        ("GET", "load-balancers"): load_balancer_views,
        ("GET", "inventory"): lambda: inventory(account),
        ("GET", "snapshot-hash"): lambda: {"hash": hashlib.sha256(json.dumps(inventory(account)).encode()).hexdigest()},
        ("GET", "timing"): lambda: TIMING,
        ("GET", "process"): lambda: {"pid": os.getpid()},
        ("POST", "timing"): lambda: _set_timing(body),
        ("POST", "health"): lambda: report_health(body) or {},
        ("POST", "terminate"): lambda: _terminate(body),
        ("POST", "ended"): lambda: _ended(body),
        ("POST", "linger"): lambda: _linger(body),
        ("POST", "suspend"): lambda: _suspend(body),
        ("POST", "ids"): lambda: choose_ids(body["ids"]) or {},
        ("POST", "quota"): lambda: set_quota(body),
        ("POST", "fault"): lambda: add_fault(body),
        ("DELETE", "fault"): lambda: clear_faults(query.get("action")),
        ("POST", "lose-volume"): lambda: lose_volume(body["id"]),
        ("POST", "detach-interface"): lambda: detach_interface(body["id"]),
        ("POST", "unseen"): lambda: hide(body["ids"], float(body["seconds"])),
    }
    if (method, path) not in routes:
        raise NotFound(f"there is no {method} {PREFIX}{path}")
    return routes[(method, path)]()


def _control(environment: dict[str, Any]) -> tuple[str, Any]:
    path = environment["PATH_INFO"].removeprefix(PREFIX)
    query = dict(urllib.parse.parse_qsl(environment.get("QUERY_STRING", "")))
    body = json.loads(environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0)) or b"{}")
    try:
        if path == "events":
            return "200 OK", wait_for_events(int(query.get("after", 0)), float(query.get("timeout", 20)))
        with LOCK:
            return "200 OK", _answer(environment["REQUEST_METHOD"], path, query, body)
    except (NotFound, NotThere) as error:
        return "404 Not Found", {"error": str(error)}
    except (KeyError, ValueError) as error:
        return "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
    except Exception as error:
        logging.exception("%s failed", environment["PATH_INFO"])
        return "500 Internal Server Error", {"error": f"{type(error).__name__}: {error}"}


@patch(werkzeug_app.DomainDispatcherApplication, "__call__")
def _dispatch(original: Any, self: Any, environment: dict[str, Any], start_response: Any) -> Any:
    if not environment.get("PATH_INFO", "").startswith(PREFIX):
        return original(self, environment, start_response)
    status, answer = _control(environment)
    body = json.dumps(answer, default=str).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
