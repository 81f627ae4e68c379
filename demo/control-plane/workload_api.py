"""The workload API: running, heartbeat, success, failure."""

import json

from http_server import Reply

MAX_ID_CHARACTERS = 1024


def perform(plane, exchange):
    """Carries out a call whose body has the right shape, and returns the reply."""
    body = exchange.json
    status, before, _ = plane.workloads.transition(
        body["workloadId"], exchange.call, body.get("source"), body.get("reason"))
    if status == 404:
        return message(404, "no workload has the id %s" % body["workloadId"])
    if status == 410:
        return message(410, "%s: the workload is %s" % (exchange.call, before))
    return Reply(204)


def message(status, text):
    """An error answer of the workload API."""
    return Reply(status, json.dumps({"message": text}).encode())
