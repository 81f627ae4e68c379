"""Every error in a body is reported. Each test takes a body that the sidecar sent and breaks it in one place."""

import copy
import http.client
import json
import os
import re
import unittest

import job_output
from control_plane import ControlPlane
from routes import CALLS, operation

HERE = os.path.dirname(os.path.abspath(__file__))
PATHS = {call: path for path, call in CALLS.items()}
# What must be there, read off the published documents by hand: the other tests take it from the stored ones.
REQUIRED = {
    "running": ["workloadId"], "heartbeat": ["workloadId"], "success": ["workloadId"],
    "failure": ["workloadId", "source", "reason"], "token": ["client_id", "client_secret"],
    "output": ["workloadId", "output"], "sources/get": ["sourceId"], "destinations/get": ["destinationId"],
    "sources/update": ["sourceId", "connectionConfiguration", "name"],
    "destinations/update": ["destinationId", "connectionConfiguration", "name"],
    "sources/catalog": [
        "catalog", "catalog/streams", "catalog/streams/0/stream/name", "catalog/streams/0/stream/jsonSchema",
        "catalog/streams/0/config/syncMode", "catalog/streams/0/config/destinationSyncMode"],
    "destinations/catalog": [
        "catalog", "catalog/operations", "catalog/operations/0/objectName", "catalog/operations/0/syncMode",
        "catalog/operations/0/schema"],
}
WRONG = {"string": 7, "array": {}, "object": [], "boolean": "true", "integer": "1", "number": "1"}


def resolved(schema, document):
    while "$ref" in schema:
        schema = document.schemas[schema["$ref"]]
    return schema


def snake(name):
    return re.sub(r"[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def changed(body, way, change):
    """A copy of the body, changed at the object that the way leads to."""
    result = copy.deepcopy(body)
    target = result
    for step in way:
        target = target[step]
    change(target)
    return result


def mutations(value, schema, document, way=()):
    """(what, way, change) for every place that the schema knows and the value has."""
    schema = resolved(schema, document)
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from of_a_place(index, element, schema.get("items", {}), document, way)
        return
    properties = schema.get("properties")
    if not isinstance(value, dict) or properties is None:
        return
    if not schema.get("additionalProperties", False):
        yield "unknown member", way, lambda target: target.update(noSuchMember=1)
    for name, member in value.items():
        if name not in properties:
            continue
        if name in schema.get("required", ()):
            yield "dropped " + name, way, lambda target, name=name: target.pop(name)
        if snake(name) != name and not schema.get("additionalProperties", False):
            yield ("snake case of " + name, way,
                   lambda target, name=name: target.update({snake(name): target.pop(name)}))
        yield from of_a_place(name, member, properties[name], document, way)


def of_a_place(step, value, schema, document, way):
    """What can be done to one member or element, and within it."""
    schema = resolved(schema, document)
    kind = schema.get("type")
    if kind in WRONG:
        yield "%s: not %s" % (step, kind), way, lambda target: target.__setitem__(step, WRONG[kind])
    if kind in WRONG and not document.null_is_absent:
        yield "%s: null" % step, way, lambda target: target.__setitem__(step, None)
    if "enum" in schema:
        yield "%s: unknown value" % step, way, lambda target: target.__setitem__(step, "no_such_value")
        upper = value.upper()
        if upper not in schema["enum"]:
            yield "%s: upper case" % step, way, lambda target: target.__setitem__(step, upper)
    if schema.get("format") == "uuid":
        yield "%s: no UUID" % step, way, lambda target: target.__setitem__(step, value[:-1])
    if "maxLength" in schema:
        long = "x" * (schema["maxLength"] + 1)
        yield "%s: too long" % step, way, lambda target: target.__setitem__(step, long)
    yield from mutations(value, schema, document, way + (step,))


class MutationTests(unittest.TestCase):
    """Over HTTP, so that a violation is what an end-to-end test would see."""

    @classmethod
    def setUpClass(cls):
        with open(os.path.join(HERE, "recorded_bodies.json"), encoding="utf-8") as file:
            cls.bodies = json.load(file)

    def setUp(self):
        self.plane = ControlPlane(auto_create=True)
        self.addCleanup(self.plane.stop)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.plane.server.port)
        self.addCleanup(self.connection.close)

    def send(self, call, body):
        described, _ = operation(PATHS[call])
        self.connection.request(described["method"], PATHS[call], json.dumps(body),
                                {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        violations = self.plane.recorder.violations()
        self.plane.recorder.clear_violations()
        return answer.status, violations

    def seed(self):
        """What the bodies speak of: actors as they were, a catalog that was written."""
        for call in ("sources/update", "destinations/update"):
            body, kind = self.bodies[call][0], call.split("/")[0]
            self.plane.store.put_actor(kind, {
                kind[:-1] + "Id": body[kind[:-1] + "Id"], "name": body["name"],
                "resourceAllocation": body.get("resourceAllocation")})
        for body in self.bodies["output"]:
            catalog = json.loads(body["output"]).get("discoverCatalogId")
            if catalog:
                self.plane.store.catalogs[catalog] = {}

    def test_every_call_was_recorded(self):
        self.assertEqual(set(self.bodies), set(CALLS.values()))
        kinds = {json.loads(body["output"])["outputType"] for body in self.bodies["output"]}
        self.assertEqual(kinds, {"spec", "checkConnection", "discoverCatalogId"})

    def test_what_was_recorded_is_right(self):
        self.seed()
        for call, bodies in self.bodies.items():
            for body in bodies:
                _, violations = self.send(call, body)
                self.assertEqual(violations, [], call)

    def test_what_the_documents_require_is_required(self):
        self.assertEqual(set(REQUIRED), set(CALLS.values()))
        for call, members in REQUIRED.items():
            for member in members:
                with self.subTest(call=call, member=member):
                    *way, last = [int(step) if step.isdigit() else step for step in member.split("/")]
                    _, violations = self.send(call, changed(
                        self.bodies[call][0], way, lambda target: target.pop(last)))
                    self.assertIn("/" + member, [violation["where"] for violation in violations])

    def test_every_mutation_of_a_body_is_told(self):
        self.seed()
        tried = 0
        for call, bodies in self.bodies.items():
            described, document = operation(PATHS[call])
            for body in bodies:
                for what, way, change in mutations(body, {"$ref": described["request"]}, document):
                    with self.subTest(call=call, what=what, way=way):
                        status, violations = self.send(call, changed(body, way, change))
                        self.assertTrue(violations)
                        self.assertIn(status, (400, 422))
                    tried += 1
        self.assertGreater(tried, 300)

    def test_every_mutation_of_a_job_output_is_told(self):
        self.seed()
        tried = 0
        for body in self.bodies["output"]:
            output = json.loads(body["output"])
            found = list(mutations(output, {"$ref": "ConnectorJobOutput"}, job_output.SCHEMA))
            if "spec" in output:
                found += mutations(output["spec"], {"$ref": "ConnectorSpecification"}, job_output.PROTOCOL,
                                   ("spec",))
            for what, way, change in found:
                with self.subTest(what=what, way=way):
                    spoilt = json.dumps(changed(output, way, change))
                    status, violations = self.send("output", {"workloadId": "w", "output": spoilt})
                    self.assertTrue(violations)
                    self.assertEqual(status, 422)
                tried += 1
        self.assertGreater(tried, 200)

    def test_a_configuration_that_does_not_follow_from_its_stream_is_told(self):
        body = self.bodies["sources/catalog"][0]
        for name, value in (
            ("syncMode", "incremental"), ("destinationSyncMode", "overwrite"), ("selected", False),
            ("includeFiles", True), ("cursorField", ["x"]), ("primaryKey", []),
        ):
            with self.subTest(name):
                _, violations = self.send("sources/catalog", changed(
                    body, ("catalog", "streams", 0, "config"), lambda config: config.update({name: value})))
                self.assertEqual([v["where"] for v in violations], ["/catalog/streams/0/config/" + name])

    def test_sides_that_do_not_agree_are_told(self):
        """An output's kind and result, its catalog's id, and an update's other members."""
        self.seed()
        update = self.bodies["sources/update"][0]
        self.assertTrue(self.send("sources/update", dict(update, name="another"))[1])
        for output in (
            {"outputType": "spec", "connectorConfigurationUpdated": False},
            {"outputType": "checkConnection", "connectorConfigurationUpdated": False,
             "failureReason": {"failureOrigin": "source", "failureType": "system_error"}},
            {"outputType": "discoverCatalogId", "connectorConfigurationUpdated": False,
             "discoverCatalogId": "0c7b5b7e-2f0e-4c8e-9d3c-5d1f6a6f7b11"},
        ):
            self.assertTrue(self.send("output", {"workloadId": "w", "output": json.dumps(output)})[1], output)


if __name__ == "__main__":
    unittest.main()
