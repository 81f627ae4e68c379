"""The parts without sockets: schemas, job outputs, workload states, tokens, fault rules."""

import json
import unittest

import job_output
from faults import FaultBook
from openapi import parse_json
from routes import CALLS, SERVER_API, WORKLOAD_API, operation
from tokens import TokenIssuer
from workloads import STATES, Workloads

UUID = "3f0c8b54-6a5e-4d4c-9d6d-0d8b7e0a1b2c"


def catalog_body(**changes):
    stream = {
        "name": "users", "jsonSchema": {"type": "object", "anything": [None, 1.10]},
        "supportedSyncModes": ["full_refresh", "incremental"], "sourceDefinedCursor": True,
        "defaultCursorField": ["updated_at"], "sourceDefinedPrimaryKey": [["id"]], "namespace": "public",
        "isResumable": True, "isFileBased": False,
    }
    config = {
        "syncMode": "full_refresh", "destinationSyncMode": "append", "cursorField": ["updated_at"],
        "primaryKey": [["id"]], "aliasName": "users", "selected": True, "includeFiles": False,
    }
    stream.update(changes)
    return {
        "catalog": {"streams": [{"stream": stream, "config": config}]},
        "sourceId": UUID, "connectorVersion": "", "configurationHash": "abc",
    }


class SchemaTests(unittest.TestCase):
    def wrong(self, body, schema):
        return [where for where, _ in SERVER_API.findings(body, schema)]

    def test_every_call_has_an_operation(self):
        for path in CALLS:
            described, document = operation(path)
            self.assertIn(described["request"], document.schemas, path)

    def test_every_schema_uses_only_what_is_checked(self):
        for document in (SERVER_API, WORKLOAD_API):
            for name in document.schemas:
                for probe in ({}, [], "", 1, True, None):
                    document.findings(probe, name)

    def test_a_good_catalog_passes(self):
        self.assertEqual(self.wrong(catalog_body(), "SourceDiscoverSchemaWriteRequestBody"), [])

    def test_bad_catalogs_are_found(self):
        at = "/catalog/streams/0/stream/"
        for changes, where in (
            ({"json_schema": {}}, "json_schema"),
            ({"jsonSchema": None}, "jsonSchema"),
            ({"name": 7}, "name"),
            ({"supportedSyncModes": ["FULL_REFRESH"]}, "supportedSyncModes/0"),
            ({"sourceDefinedPrimaryKey": ["id"]}, "sourceDefinedPrimaryKey/0"),
            ({"sourceDefinedCursor": "true"}, "sourceDefinedCursor"),
        ):
            body = catalog_body(**changes)
            self.assertEqual(self.wrong(body, "SourceDiscoverSchemaWriteRequestBody"), [at + where])

    def test_missing_unknown_and_malformed_members_are_found(self):
        self.assertEqual(self.wrong({}, "SourceIdRequestBody"), ["/sourceId"])
        self.assertEqual(self.wrong({"sourceId": UUID, "more": 1}, "SourceIdRequestBody"), ["/more"])
        self.assertEqual(self.wrong({"sourceId": "abc"}, "SourceIdRequestBody"), ["/sourceId"])
        self.assertEqual(self.wrong([], "SourceIdRequestBody"), [""])

    def test_booleans_are_no_integers(self):
        read = {"sourceDefinitionId": UUID, "sourceId": UUID, "workspaceId": UUID,
                "connectionConfiguration": {}, "name": "n", "sourceName": "s", "createdAt": True}
        self.assertEqual(self.wrong(read, "SourceRead"), ["/createdAt"])

    def test_one_of_matches_exactly_one(self):
        mapper = {"type": "field-filtering", "mapperConfiguration": {"targetField": "a"}}
        self.assertEqual(self.wrong(mapper, "ConfiguredStreamMapper"), [])
        mapper["mapperConfiguration"] = {"target": "a"}
        self.assertEqual(self.wrong(mapper, "ConfiguredStreamMapper"), ["/mapperConfiguration"])

    def test_json_is_strict(self):
        for text in (b"NaN", b"[Infinity]", b"\xff", b"{", b"", b"{}x"):
            with self.assertRaises(ValueError, msg=text):
                parse_json(text)

    def test_a_failure_needs_a_known_source(self):
        body = {"workloadId": "w", "source": "sidecar", "reason": "r"}
        self.assertEqual([w for w, _ in WORKLOAD_API.findings(body, "WorkloadFailureRequest")], ["/source"])


class JobOutputTests(unittest.TestCase):
    def wrong(self, **output):
        return [where for where, _ in job_output.findings(json.dumps(output))[0]]

    def test_good_outputs(self):
        reason = {"failureOrigin": "source", "failureType": "system_error", "timestamp": 1,
                  "metadata": {"from_trace_message": True}, "streamDescriptor": {"name": "s"}}
        for output in (
            {"outputType": "checkConnection", "checkConnection": {"status": "succeeded"}},
            {"outputType": "checkConnection", "checkConnection": {"status": "failed"},
             "failureReason": reason},
            {"outputType": "discoverCatalogId", "discoverCatalogId": UUID},
            {"outputType": "discoverCatalogId", "failureReason": reason},
            {"outputType": "spec", "spec": {"connectionSpecification": None, "more": None}},
        ):
            self.assertEqual(self.wrong(connectorConfigurationUpdated=False, **output), [])

    def test_bad_outputs(self):
        flag = {"connectorConfigurationUpdated": False}
        for output, where in (
            ({"outputType": "spec", "spec": {"connectionSpecification": {}}},
             "/connectorConfigurationUpdated"),
            (dict(flag, outputType="spec"), ""),
            (dict(flag, outputType="spec", spec={}), "/spec/connectionSpecification"),
            (dict(flag, outputType="spec", spec=None), "/spec"),
            (dict(flag, outputType="discoverCatalogId", discoverCatalogId="1"), "/discoverCatalogId"),
            (dict(flag, outputType="discoverCatalogId", discoverCatalogId=UUID,
                  checkConnection={"status": "failed"}), "/checkConnection"),
            (dict(flag, outputType="checkConnection", checkConnection={"status": "SUCCEEDED"}),
             "/checkConnection/status"),
            (dict(flag, outputType="checkConnection", failureReason={
                "failureOrigin": "source", "failureType": "system_error"}), "/checkConnection"),
            (dict(flag, outputType="discoverCatalogId", failureReason={
                "failureOrigin": "source", "failureType": "system_error", "retryable": None}),
             "/failureReason/retryable"),
            (dict(flag, outputType="spec", tombstone=1, spec={"connectionSpecification": {}}), "/tombstone"),
        ):
            self.assertEqual(self.wrong(**output), [where], output)

    def test_text_that_is_no_json(self):
        self.assertEqual(job_output.findings("{'a'}")[0][0][0], "")


class WorkloadTests(unittest.TestCase):
    EXPECTED = {
        "running": {"claimed": "running", "launched": "running", "running": "running"},
        "heartbeat": {"running": "running"},
        "success": {"pending": "success", "claimed": "success", "launched": "success", "running": "success",
                    "success": "success"},
        "failure": {"pending": "failure", "claimed": "failure", "launched": "failure", "running": "failure",
                    "failure": "failure"},
        "cancel": {"pending": "cancelled", "claimed": "cancelled", "launched": "cancelled",
                   "running": "cancelled", "cancelled": "cancelled"},
    }

    def test_every_call_in_every_state(self):
        for call, allowed in self.EXPECTED.items():
            for state in STATES:
                workloads = Workloads()
                workloads.create("w", state)
                status, before, after = workloads.transition("w", call)
                self.assertEqual((status, before), (204 if state in allowed else 410, state), (call, state))
                self.assertEqual(after, allowed.get(state, state))
                self.assertEqual(workloads.get("w")["state"], after)

    def test_unknown_workloads(self):
        self.assertEqual(Workloads().transition("w", "running")[0], 404)
        self.assertEqual(Workloads(auto_create=True).transition("w", "running")[0], 204)

    def test_a_second_failure_keeps_the_first_reason(self):
        workloads = Workloads()
        workloads.create("w")
        workloads.transition("w", "failure", "source", "first")
        workloads.transition("w", "failure", "unknown", "second")
        self.assertEqual(workloads.get("w")["reason"], "first")


class TokenTests(unittest.TestCase):
    def setUp(self):
        self.now = 1000.0
        self.issuer = TokenIssuer(seconds=60, clock=lambda: self.now)

    def test_a_token_lives_and_expires(self):
        header = "Bearer " + self.issuer.issue("me")
        self.assertEqual(self.issuer.check(header), ("valid", 1))
        self.now += 59
        self.assertEqual(self.issuer.check(header), ("valid", 1))
        self.now += 1
        self.assertEqual(self.issuer.check(header), ("expired", 1))

    def test_revoking_spares_later_tokens(self):
        old = "Bearer " + self.issuer.issue("me")
        self.issuer.revoke_all()
        new = "Bearer " + self.issuer.issue("me")
        self.assertEqual(self.issuer.check(old), ("revoked", 1))
        self.assertEqual(self.issuer.check(new), ("valid", 2))

    def test_foreign_and_broken_tokens(self):
        good = self.issuer.issue("me")
        head, claims, signature = good.split(".")
        for header, state in (
            (None, "missing"),
            ("Basic abc", "not a bearer token"),
            ("Bearer ", "malformed"),
            ("Bearer abc", "malformed"),
            ("Bearer " + TokenIssuer().issue("me"), "wrongly signed"),
            ("Bearer %s.%sA.%s" % (head, claims, signature), "wrongly signed"),
        ):
            self.assertEqual(self.issuer.check(header), (state, None), header)

    def test_the_claims_are_those_of_a_jwt(self):
        claims = self.issuer.issue("me").split(".")[1]
        from tokens import _decode
        claims = json.loads(_decode(claims.encode()))
        self.assertEqual((claims["sub"], claims["exp"], claims["jti"]), ("me", 1060, "1"))


class FaultTests(unittest.TestCase):
    def test_after_and_times(self):
        book = FaultBook()
        book.add({"call": "heartbeat", "after": 1, "times": 2, "status": 503})
        hits = [book.match("heartbeat", "/p", "w") is not None for _ in range(5)]
        self.assertEqual(hits, [False, True, True, False, False])

    def test_who_is_meant(self):
        book = FaultBook()
        book.add({"workload": "w", "path": "/p", "fault": "reset"})
        self.assertIsNone(book.match("running", "/p", "v"))
        self.assertIsNone(book.match("running", "/q", "w"))
        self.assertIsNotNone(book.match("running", "/p", "w"))

    def test_the_oldest_rule_decides_and_the_next_takes_over(self):
        book = FaultBook()
        book.add({"times": 1, "status": 500})
        book.add({"status": 501})
        self.assertEqual([book.match("x", "/", None).status for _ in range(2)], [500, 501])

    def test_removed_rules_release_what_they_hold(self):
        book = FaultBook()
        fault = book.add({"fault": "hold"})
        self.assertEqual(book.remove(fault.id), 1)
        self.assertTrue(fault.released.is_set())

    def test_rules_that_make_no_sense(self):
        for rule in ([], {}, {"status": "503"}, {"status": 99}, {"fault": "explode"}, {"sttus": 503},
                     {"status": True}, {"times": 1}):
            with self.assertRaises(ValueError, msg=rule):
                FaultBook().add(rule)


if __name__ == "__main__":
    unittest.main()
