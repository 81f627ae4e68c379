"""The server API: job outputs, discovered catalogs, the configuration of sources and destinations, tokens."""

import json
import os
import time

import job_output
from http_server import Reply
from routes import SERVER_API


def new_uuid():
    """A random UUID (RFC 9562, version 4); the uuid module costs more to import than it gives here."""
    bits = int.from_bytes(os.urandom(16), "big") & ~(0xF << 76) & ~(0x3 << 62)
    digits = "%032x" % (bits | 0x4 << 76 | 0x2 << 62)
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


class Store:
    """What the server keeps: outputs by workload, catalogs by id, sources and destinations by id."""

    def __init__(self, output_root=None):
        self.output_root = output_root
        self.outputs = {}  # workload id → text
        self.catalogs = {}  # catalog id → {actor, workload, body text}
        self.actors = {"sources": {}, "destinations": {}}

    def put_actor(self, kind, given):
        """Makes a source or destination; what is not given gets a sensible value. Raises ValueError."""
        singular = kind[:-1]
        workload = given.pop("workload", None)
        actor = {
            singular + "DefinitionId": new_uuid(),
            singular + "Id": new_uuid(),
            "workspaceId": new_uuid(),
            "connectionConfiguration": {},
            "name": "Some " + singular,
            singular + "Name": "Sample",
            "createdAt": int(time.time()),
        }
        actor.update(given)
        found = SERVER_API.findings(actor, "SourceRead" if kind == "sources" else "DestinationRead")
        if found:
            raise ValueError("; ".join("%s %s" % pair for pair in found))
        self.actors[kind][actor[singular + "Id"].lower()] = {
            "read": actor, "workload": workload, "updates": 0,
        }
        return actor

    def workload_of_actor(self, actor_id):
        for kind in self.actors.values():
            if isinstance(actor_id, str) and actor_id.lower() in kind:
                return kind[actor_id.lower()]["workload"]
        return None

    def put_output(self, workload_id, text):
        """Keeps a job output, and writes it below the root folder as the platform's local storage does."""
        self.outputs[workload_id] = text
        if self.output_root is None:
            return
        folder = os.path.join(self.output_root, "workload", "output")
        os.makedirs(folder, exist_ok=True)
        draft = os.path.join(folder, ".%s.%d" % (new_uuid(), os.getpid()))
        with open(draft, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(draft, os.path.join(folder, workload_id))


def perform(plane, exchange):
    """Carries out a call whose body has the right shape, and returns the reply."""
    kind, _, verb = exchange.call.partition("/")
    if exchange.call == "output":
        return _write_output(plane, exchange)
    return {"get": _get, "update": _update, "catalog": _write_catalog}[verb](plane, exchange, kind)


def invalid(found):
    """The server API's answer to a body that violates its schema."""
    return _json(422, {
        "message": "The body is not what the operation takes",
        "validationErrors": [{"propertyPath": where, "message": what} for where, what in found],
    })


def _write_output(plane, exchange):
    workload_id = exchange.json["workloadId"]
    if plane.workloads.get(workload_id) is None:
        return _json(404, {"message": "no workload has the id %s" % workload_id})
    found, output = job_output.findings(exchange.json["output"])
    if found:
        found = [("/output" + where, what) for where, what in found]
        plane.report(exchange, found)
        return invalid(found)
    catalog = output.get("discoverCatalogId")
    if catalog is not None and catalog not in plane.store.catalogs:
        plane.report(exchange, [("/output/discoverCatalogId", "is no catalog written here: %s" % catalog)])
    plane.store.put_output(workload_id, exchange.json["output"])
    return Reply(204)


def conversion_findings(catalog):
    """Where a stream's configuration is not what a discover makes of it; the API takes it."""
    found = []
    for index, entry in enumerate(catalog.get("streams", ())):
        stream, config = entry.get("stream", {}), entry.get("config", {})
        modes = stream.get("supportedSyncModes") or ["incremental"]
        for name, value in (
            ("syncMode", modes[0]), ("destinationSyncMode", "append"),
            ("selected", True), ("includeFiles", False),
            ("cursorField", stream.get("defaultCursorField")),
            ("primaryKey", stream.get("sourceDefinedPrimaryKey")),
        ):
            if config.get(name) != value:
                where = "/catalog/streams/%d/config/%s" % (index, name)
                found.append((where, "must be %s" % json.dumps(value)))
    return found


def _write_catalog(plane, exchange, kind):
    plane.report(exchange, conversion_findings(exchange.json["catalog"]))
    catalog_id = new_uuid()
    actor_id = exchange.json.get("sourceId" if kind == "sources" else "destinationId")
    plane.store.catalogs[catalog_id] = {
        "catalogId": catalog_id, "actorId": actor_id, "workload": exchange.workload,
        "request": exchange.number,
    }
    return _json(200, {"catalogId": catalog_id})


def _actor(plane, exchange, kind):
    actor_id = exchange.json["sourceId" if kind == "sources" else "destinationId"]
    actors = plane.store.actors[kind]
    if actor_id.lower() not in actors and plane.workloads.auto_create:
        plane.store.put_actor(kind, {kind[:-1] + "Id": actor_id})
    return actor_id, actors.get(actor_id.lower())


def _get(plane, exchange, kind):
    actor_id, actor = _actor(plane, exchange, kind)
    if actor is None:
        return _json(404, {"id": actor_id, "message": "no %s has the id %s" % (kind[:-1], actor_id)})
    return _json(200, actor["read"])


def _update(plane, exchange, kind):
    actor_id, actor = _actor(plane, exchange, kind)
    if actor is None:
        return _json(404, {"id": actor_id, "message": "no %s has the id %s" % (kind[:-1], actor_id)})
    read, body = actor["read"], exchange.json
    for name in ("name", "resourceAllocation"):
        if body.get(name) != read.get(name):
            plane.report(exchange, [("/" + name, "differs from what get answered")])
    read["connectionConfiguration"] = body["connectionConfiguration"]
    for name in ("name", "resourceAllocation"):
        if name in body:
            read[name] = body[name]
    actor["updates"] += 1
    return _json(200, read)


def _json(status, value):
    return Reply(status, json.dumps(value).encode())
