"""The control plane over real sockets, and as a process."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from control_plane import ControlPlane
from test_units import UUID, catalog_body

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC_OUTPUT = json.dumps({
    "outputType": "spec", "connectorConfigurationUpdated": False, "spec": {"connectionSpecification": {}},
})


class Client:
    """A kept-alive connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def call(self, method, path, body=None, token=None, raw=None):
        """(status, parsed answer or None)."""
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = "Bearer " + token
        data = raw if raw is not None else None if body is None else json.dumps(body)
        self.connection.request(method, path, data, headers)
        self.response = self.connection.getresponse()
        answer = self.response.read()
        return self.response.status, json.loads(answer) if answer else None

    def workload(self, call, workload="w", **more):
        return self.call("PUT", "/api/v1/workload/" + call, dict({"workloadId": workload}, **more))[0]

    def token(self):
        return self.call("POST", "/api/v1/dataplanes/token", {"client_id": "a", "client_secret": "b"})[1][
            "access_token"]

    def fault(self, **rule):
        return self.call("POST", "/_admin/faults", rule)[1][0]["id"]

    def requests(self, query=""):
        return self.call("GET", "/_admin/requests" + query)[1]


class OverSockets(unittest.TestCase):
    options = {}

    def setUp(self):
        self.plane = ControlPlane(**self.options)
        self.addCleanup(self.plane.stop)
        self.plane.workloads.create("w")
        self.client = self.new_client()
        self.admin = self.new_client(self.plane.admin_server.port)

    def new_client(self, port=None):
        client = Client(port or self.plane.server.port)
        self.addCleanup(client.connection.close)
        return client

    def raw(self):
        """A connected socket, closed at the end."""
        sock = socket.create_connection(("127.0.0.1", self.plane.server.port), timeout=30)
        self.addCleanup(sock.close)
        return sock


class ApiTests(OverSockets):
    def test_a_life_of_a_workload(self):
        client = self.client
        self.assertEqual(client.workload("heartbeat"), 410)  # not running yet
        for call in ("running", "running", "heartbeat", "heartbeat", "success", "success"):
            self.assertEqual(client.workload(call), 204, call)
        self.assertEqual(client.workload("heartbeat"), 410)
        self.assertEqual(client.workload("failure", source="unknown", reason="r"), 410)
        self.assertEqual(client.workload("running", "nobody"), 404)
        workload = self.admin.call("GET", "/_admin/workloads/w")[1]
        self.assertEqual((workload["state"], workload["heartbeats"]), ("success", 2))
        self.assertEqual([h["state"] for h in workload["history"]], ["launched", "running", "success"])
        self.assertEqual(self.admin.call("GET", "/_admin/violations")[1], [])

    def test_health_is_told_to_whoever_asks(self):
        for path in ("/health", "/api/v1/health"):
            self.assertEqual(self.client.call("GET", path)[0], 200)
        self.assertEqual(self.admin.call("GET", "/_admin/violations")[1], [])
        self.assertEqual(self.client.call("POST", "/health", {})[0], 404)

    def test_bad_bodies_are_400_and_recorded(self):
        path = "/api/v1/workload/running"
        for raw in ("{", "", "[]", '{"workloadId": null}', '{"workloadId": "w", "deadline": "x"}',
                    '{"workloadId": ""}', '{"workloadId": "../x"}'):
            self.assertEqual(self.client.call("PUT", path, raw=raw)[0], 400, raw)
        self.assertEqual(self.client.call("POST", path, {"workloadId": "w"})[0], 405)
        self.assertEqual(self.client.call("PUT", "/api/v1/workload/launched", {"workloadId": "w"})[0], 404)
        self.assertEqual(len(self.admin.call("GET", "/_admin/violations")[1]), 9)
        self.assertEqual(self.plane.workloads.get("w")["state"], "launched")

    def test_the_content_type_must_be_json(self):
        self.client.connection.request("PUT", "/api/v1/workload/running", '{"workloadId": "w"}')
        response = self.client.connection.getresponse()
        response.read()
        self.assertEqual(response.status, 415)

    def test_outputs(self):
        path = "/api/v1/workload_output/write"
        body = {"workloadId": "w", "output": SPEC_OUTPUT}
        self.assertEqual(self.client.call("POST", path, body), (204, None))
        self.assertEqual(self.admin.call("GET", "/_admin/outputs/w")[1], json.loads(SPEC_OUTPUT))
        body = {"workloadId": "w", "output": '{"outputType": "spec"}'}
        status, answer = self.client.call("POST", path, body)
        self.assertEqual(status, 422)
        self.assertIn("connectorConfigurationUpdated", answer["validationErrors"][0]["propertyPath"])
        self.assertEqual(self.client.call("POST", path, {"workloadId": "w", "output": {}})[0], 422)
        self.assertEqual(self.client.call("POST", path, {"workloadId": "v", "output": SPEC_OUTPUT})[0], 404)
        self.assertEqual(self.plane.store.outputs, {"w": SPEC_OUTPUT})

    def test_catalogs(self):
        path = "/api/v1/sources/write_discover_catalog_result"
        raw = json.dumps(catalog_body()).replace("1.1", "1.10000000000000000000000000001")
        status, answer = self.client.call("POST", path, raw=raw)
        self.assertEqual(status, 200)
        self.admin.connection.request("GET", "/_admin/catalogs/" + answer["catalogId"])
        self.assertEqual(self.admin.connection.getresponse().read().decode(), raw)
        output = {"outputType": "discoverCatalogId", "connectorConfigurationUpdated": False}
        for catalog, violations in ((answer["catalogId"], 0), (UUID, 1)):
            body = {"workloadId": "w", "output": json.dumps(dict(output, discoverCatalogId=catalog))}
            self.assertEqual(self.client.call("POST", "/api/v1/workload_output/write", body)[0], 204)
            self.assertEqual(len(self.plane.recorder.violations()), violations)
        operations = [{"objectName": "o", "syncMode": "append", "schema": {}, "matchingKeys": [["id"]]}]
        body = {"catalog": {"operations": operations}, "destinationId": UUID, "connectorVersion": ""}
        self.assertEqual(
            self.client.call("POST", "/api/v1/destinations/write_discover_catalog_result", body)[0], 200)

    def test_sources_and_destinations(self):
        for kind, name in (("sources", "sourceId"), ("destinations", "destinationId")):
            get, update = "/api/v1/%s/get" % kind, "/api/v1/%s/update" % kind
            self.assertEqual(self.client.call("POST", get, {name: UUID})[0], 404)
            made = {name: UUID, "name": "Mine", "workload": "w",
                    "resourceAllocation": {"default": {"cpu_limit": "1"}}}
            self.assertEqual(self.admin.call("POST", "/_admin/" + kind, made)[0], 200)
            status, read = self.client.call("POST", get, {name: UUID})
            self.assertEqual((status, read["name"]), (200, "Mine"))
            body = {name: UUID, "connectionConfiguration": {"a": 1}, "name": read["name"],
                    "resourceAllocation": read["resourceAllocation"]}
            self.assertEqual(self.client.call("POST", update, body)[1]["connectionConfiguration"], {"a": 1})
            self.assertEqual(self.plane.recorder.violations("w"), [])
            self.assertEqual(self.client.call("POST", update, dict(body, name="Other"))[0], 200)
            self.assertEqual(self.plane.recorder.violations("w")[-1]["where"], "/name")
            self.admin.call("DELETE", "/_admin/violations")
        self.assertEqual({r["workloadFrom"] for r in self.client.requests("?workload=w")}, {"actor"})

    def test_output_files(self):
        with tempfile.TemporaryDirectory() as folder:
            self.plane.store.output_root = folder
            body = {"workloadId": "w", "output": SPEC_OUTPUT}
            self.client.call("POST", "/api/v1/workload_output/write", body)
            self.assertEqual(os.listdir(os.path.join(folder, "workload", "output")), ["w"])
            with open(os.path.join(folder, "workload", "output", "w"), encoding="utf-8") as file:
                self.assertEqual(file.read(), SPEC_OUTPUT)


class AuthTests(OverSockets):
    options = {"auth": True, "client_id": "a", "client_secret": "b"}

    def status(self, token):
        return self.client.call("PUT", "/api/v1/workload/running", {"workloadId": "w"}, token)[0]

    def test_tokens(self):
        self.assertEqual(self.status(None), 401)
        self.assertEqual(self.status("a.b.c"), 401)
        first = self.client.token()
        self.assertEqual(self.status(first), 204)
        self.assertEqual(self.admin.call("POST", "/_admin/tokens/revoke")[1]["issued"], 1)
        self.assertEqual(self.status(first), 401)
        self.assertEqual(self.status(self.client.token()), 204)
        self.admin.call("POST", "/_admin/tokens", {"seconds": -1})
        self.assertEqual(self.status(self.client.token()), 401)
        states = [r["authorization"]["state"] for r in self.client.requests("?call=running")]
        self.assertEqual(states, ["missing", "malformed", "valid", "revoked", "valid", "expired"])
        text = json.dumps(self.client.requests())
        self.assertNotIn(first, text)

    def test_only_the_right_secret_gets_a_token(self):
        body = {"client_id": "a", "client_secret": "c"}
        self.assertEqual(self.client.call("POST", "/api/v1/dataplanes/token", body)[0], 401)
        self.assertEqual(self.client.call("POST", "/api/v1/dataplanes/token", {"client_id": "a"})[0], 422)

    def test_a_form_gets_a_token_too(self):
        self.client.connection.request(
            "POST", "/api/v1/dataplanes/token", "client_id=a&client_secret=b",
            {"Content-Type": "application/x-www-form-urlencoded"})
        answer = json.loads(self.client.connection.getresponse().read())
        self.assertEqual(self.status(answer["access_token"]), 204)


class TroubleTests(OverSockets):
    def assert_no_answer(self, **rule):
        self.client.fault(call="running", times=1, **rule)
        with self.assertRaises((http.client.HTTPException, ConnectionError)) as caught:
            self.new_client().workload("running")
        self.admin.call("GET", "/_admin/wait?call=running&timeout=20")
        return caught.exception

    def test_statuses(self):
        self.client.fault(call="running", times=2, status=503, retryAfter=7, body={"a": 1})
        answer = self.client.call("PUT", "/api/v1/workload/running", {"workloadId": "w"})
        self.assertEqual(answer, (503, {"a": 1}))
        self.assertEqual(self.client.response.headers["Retry-After"], "7")
        self.assertEqual(self.client.workload("running"), 503)
        self.assertEqual(self.client.workload("running"), 204)
        self.assertEqual(self.plane.workloads.get("w")["history"][-1]["state"], "running")

    def test_resets(self):
        self.assertIsInstance(self.assert_no_answer(fault="reset"), ConnectionResetError)
        self.assertEqual(self.plane.workloads.get("w")["state"], "launched")

    def test_an_answer_that_gets_lost(self):
        self.assert_no_answer(fault="reset", performed=True)
        self.assertEqual(self.plane.workloads.get("w")["state"], "running")

    def test_closes(self):
        self.assertIsInstance(self.assert_no_answer(fault="close"), http.client.RemoteDisconnected)

    def test_garbage(self):
        self.assertIsInstance(self.assert_no_answer(fault="garbage"), http.client.BadStatusLine)

    def test_half_an_answer(self):
        self.assertIsInstance(self.assert_no_answer(fault="half"), http.client.IncompleteRead)
        self.assertIsInstance(self.assert_no_answer(fault="half", performed=True), http.client.IncompleteRead)

    def test_silence(self):
        self.client.fault(call="running", fault="silent")
        sock = self.raw()
        body = b'{"workloadId": "w"}'
        sock.sendall(b"PUT /api/v1/workload/running HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        seen = self.admin.call("GET", "/_admin/wait?call=running&received=1&timeout=20")[1]
        self.assertEqual(seen["reached"], True)
        self.assertFalse(self.client.requests("?call=running")[0]["done"])
        sock.close()
        self.assertEqual(self.admin.call("GET", "/_admin/wait?call=running&timeout=20")[0], 200)
        self.assertEqual(self.client.requests("?call=running")[0]["status"], None)

    def test_held_requests_are_released(self):
        rule = self.client.fault(call="running", fault="hold")
        statuses = []
        caller = threading.Thread(target=lambda: statuses.append(self.client.workload("running")))
        caller.start()
        self.admin.call("GET", "/_admin/wait?call=running&received=1&timeout=20")
        self.assertEqual(self.plane.workloads.get("w")["state"], "launched")
        self.assertEqual(self.admin.call("POST", "/_admin/faults/%d/release" % rule)[0], 200)
        caller.join()
        self.assertEqual(statuses, [204])

    def test_a_connection_closed_without_warning(self):
        self.client.fault(call="running", times=1, thenClose=True, delay=0.001)
        self.assertEqual(self.client.workload("running"), 204)
        self.assertIsNone(self.client.response.headers["Connection"])
        self.assertEqual(self.client.connection.sock.recv(1), b"")

    def test_bytes_that_nobody_has_asked_for(self):
        self.client.fault(call="running", times=1, late="HTTP/1.1 410 Gone\r\n\r\n")
        self.assertEqual(self.client.workload("running"), 204)
        self.assertEqual(self.client.connection.sock.recv(100), b"HTTP/1.1 410 Gone\r\n\r\n")

    def test_pages(self):
        self.client.fault(call="running", status=200, body="[]", headers={"Content-Type": "text/html"})
        self.assertEqual(self.client.workload("running"), 200)
        self.assertEqual(self.client.response.headers.get_all("Content-Type"), ["text/html"])

    def test_refused_connections(self):
        self.client.workload("running")
        self.assertEqual(self.admin.call("POST", "/_admin/drop")[1], {"listening": False})
        with self.assertRaises(ConnectionRefusedError):
            self.new_client().workload("running")
        with self.assertRaises((ConnectionError, http.client.HTTPException)):
            self.client.workload("running")
        self.assertEqual(self.admin.call("POST", "/_admin/undrop")[1], {"listening": True})
        self.assertEqual(self.new_client().workload("running"), 204)

    def test_rules_can_be_listed_and_removed(self):
        rule = self.client.fault(status=500, workload="w")
        self.assertEqual(self.client.workload("running"), 500)
        self.assertEqual(self.client.workload("running", "v"), 404)
        self.assertEqual(self.admin.call("GET", "/_admin/faults")[1][0]["applied"], 1)
        self.assertEqual(self.admin.call("DELETE", "/_admin/faults/%d" % rule)[1], {"removed": 1})
        self.assertEqual(self.client.workload("running"), 204)
        self.assertEqual(self.admin.call("POST", "/_admin/faults", {"status": "x"})[0], 400)


class RecordTests(OverSockets):
    def test_what_is_recorded(self):
        self.client.workload("running")
        self.client.workload("heartbeat")
        first, second = self.client.requests("?workload=w")
        self.assertEqual((first["call"], first["status"]), ("running", 204))
        self.assertEqual(first["body"], {"workloadId": "w"})
        self.assertEqual(first["connection"], second["connection"])
        self.assertEqual((first["requestOnConnection"], second["requestOnConnection"]), (1, 2))
        self.assertLessEqual(first["receivedAt"], first["answeredAt"])
        self.assertEqual(self.client.requests("?after=1")[0]["number"], 2)
        self.assertEqual(self.client.call("GET", "/_admin/requests/2")[1]["call"], "heartbeat")

    def test_whoever_has_an_answer_finds_it_recorded(self):
        # The thread that sends an answer records it a moment later: here, only once somebody waits for that.
        recorder, finish = self.plane.recorder, self.plane.recorder.finish
        is_settling, settle = threading.Event(), recorder.settle

        def late_finish(*arguments):
            is_settling.wait(20)
            finish(*arguments)

        def announced_settle():
            is_settling.set()
            settle()

        recorder.finish, recorder.settle = late_finish, announced_settle
        self.assertEqual(self.client.workload("running"), 204)
        recorded = self.admin.call("GET", "/_admin/requests")[1][0]
        self.assertEqual((recorded["status"], recorded["done"]), (204, True))
        self.assertIsNotNone(recorded["answeredAt"])

    def test_a_request_that_is_held_holds_nobody_up(self):
        rule = self.client.fault(call="running", fault="hold")
        held = threading.Thread(target=self.client.workload, args=("running",))
        held.start()
        self.admin.call("GET", "/_admin/wait?call=running&received=1&timeout=20")
        recorded = self.admin.call("GET", "/_admin/requests")[1][0]
        self.assertEqual((recorded["status"], recorded["answeredAt"]), (None, None))
        self.admin.call("POST", "/_admin/faults/%d/release" % rule)
        held.join()

    def test_the_address_can_tell_the_workload(self):
        self.assertEqual(self.client.call("POST", "/w/w/api/v1/dataplanes/token", {
            "client_id": "a", "client_secret": "b"})[0], 200)
        request = self.client.requests("?workload=w")[0]
        self.assertEqual((request["path"], request["workloadFrom"]), ("/api/v1/dataplanes/token", "path"))

    def test_waiting(self):
        self.assertEqual(self.admin.call("GET", "/_admin/wait?call=running&timeout=0")[0], 408)
        answers = []
        waiter = threading.Thread(target=lambda: answers.append(
            self.admin.call("GET", "/_admin/wait?workload=w&call=heartbeat&count=2&status=204&timeout=20")))
        waiter.start()
        for call in ("running", "heartbeat", "heartbeat"):
            self.client.workload(call)
        waiter.join()
        self.assertEqual(answers, [(200, {"reached": True, "count": 2, "requests": [2, 3]})])

    def test_waiting_for_a_state(self):
        made = {"id": "v", "state": "claimed"}
        self.assertEqual(self.client.call("POST", "/_admin/workloads", made)[0], 200)
        self.assertEqual(self.client.call("POST", "/_admin/workloads/v/cancel", {"reason": "test"})[0], 200)
        self.assertEqual(self.admin.call("GET", "/_admin/wait?workload=v&state=cancelled&timeout=20")[0], 200)
        self.assertEqual(self.client.workload("heartbeat", "v"), 410)

    def test_long_bodies_are_fetched_alone(self):
        body = catalog_body(jsonSchema={"x": "y" * 300000})
        self.client.call("POST", "/api/v1/sources/write_discover_catalog_result", body)
        request = self.client.requests()[0]
        self.assertEqual((request["bodyListed"], request["body"]), (False, None))
        self.assertEqual(self.client.call("GET", "/_admin/requests/1/body")[1], body)

    def test_unknown_admin_requests(self):
        for method, path, status in (
            ("GET", "/_admin/nothing", 404), ("GET", "/_admin/requests/99", 404),
            ("GET", "/_admin/outputs/x", 404), ("POST", "/_admin/workloads", 400),
            ("GET", "/_admin/wait?state=asleep&workload=w", 400),
        ):
            self.assertEqual(self.client.call(method, path, {})[0], status, path)


class HttpTests(OverSockets):
    BODY = b'{"workloadId": "w"}'

    def exchange(self, data):
        sock = self.raw()
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
        return received

    def test_chunked_bodies(self):
        head = (b"PUT /api/v1/workload/running HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")
        one, two = self.BODY[:5], self.BODY[5:]
        chunks = b"5\r\n%s\r\n%x;ext\r\n%s\r\n0\r\n\r\n" % (one, len(two), two)
        answer = self.exchange(head + chunks)
        self.assertTrue(answer.startswith(b"HTTP/1.1 204 "), answer)

    def test_expect_continue(self):
        sock = self.raw()
        sock.sendall(b"PUT /api/v1/workload/running HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(self.BODY))
        self.assertEqual(sock.recv(65536), b"HTTP/1.1 100 Continue\r\n\r\n")
        sock.sendall(self.BODY)
        self.assertTrue(sock.recv(65536).startswith(b"HTTP/1.1 204 "))

    def test_two_requests_in_one_packet(self):
        one = (b"PUT /api/v1/workload/running HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
               b"Content-Length: %d\r\n\r\n%s" % (len(self.BODY), self.BODY))
        self.assertEqual(self.exchange(one + one).count(b"HTTP/1.1 204 "), 2)

    def test_what_is_no_http(self):
        for data in (b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
                     b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                     b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
                     b"GET / HTTP/1.1\r\nX: " + b"x" * 100000):
            self.assertTrue(self.exchange(data).startswith(b"HTTP/1.1 400 "), data[:40])
        self.assertEqual(len(self.plane.recorder.violations()), 5)

    def test_a_client_that_wants_to_close(self):
        answer = self.exchange(b"GET /_admin/info HTTP/1.1\r\nConnection: close\r\n\r\n")
        self.assertIn(b"\r\nConnection: close\r\n", answer)


class ProcessTests(unittest.TestCase):
    def start(self, *arguments):
        process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "control_plane.py"), *arguments], stdout=subprocess.PIPE,
            text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        line = process.stdout.readline()
        self.assertRegex(line, r"^listening on http://127\.0\.0\.1:\d+\n$")
        return process, int(line.rsplit(":", 1)[1])

    def test_it_starts_serves_and_ends(self):
        with tempfile.TemporaryDirectory() as folder:
            port_file = os.path.join(folder, "port")
            process, port = self.start("--port-file", port_file, "--auto-create", "--fault",
                                       '{"call": "running", "times": 1, "status": 500}', "--workload", "mine")
            with open(port_file, encoding="ascii") as file:
                self.assertEqual(int(file.read()), port)
            client = Client(port)
            self.assertEqual(client.workload("running"), 500)
            self.assertEqual(client.workload("running"), 204)
            self.assertEqual(client.call("GET", "/_admin/workloads/mine")[0], 200)
            client.connection.close()
            process.send_signal(signal.SIGTERM)
            lines = process.stdout.read().splitlines()
            self.assertEqual(process.wait(), 0)
            self.assertIn("→ 500", lines[0])
            self.assertIn("rule 1", lines[0])
            self.assertIn("→ 204", lines[1])

    def test_it_ends_with_its_parent(self):
        script = (
            "import subprocess, sys\n"
            "command = [sys.executable, sys.argv[1], '--with-parent']\n"
            "child = subprocess.Popen(command, stdout=subprocess.PIPE)\n"
            "print(child.stdout.readline().decode(), end='', flush=True)\n"
            "sys.stdin.read()\n")
        parent = subprocess.Popen(
            [sys.executable, "-c", script, os.path.join(HERE, "control_plane.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(parent.stdout.close)
        port = int(parent.stdout.readline().rsplit(":", 1)[1])
        sock = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.addCleanup(sock.close)
        sock.sendall(b"GET /_admin/info HTTP/1.1\r\n\r\n")
        self.assertIn(b"200 OK", sock.recv(65536))
        parent.stdin.close()
        parent.wait()
        try:
            self.assertEqual(sock.recv(1), b"")  # blocks until the control plane is gone
        except ConnectionResetError:
            pass

    def test_bad_arguments(self):
        for arguments in (["--fault", "{"], ["--fault", '{"status": 1}']):
            done = subprocess.run(
                [sys.executable, os.path.join(HERE, "control_plane.py"), *arguments],
                capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertTrue(done.stderr.startswith("control plane: "))


if __name__ == "__main__":
    unittest.main()
