#!/usr/bin/python3
"""A control plane in a box: the parts of Airbyte's APIs that a connector sidecar calls, on loopback.

It checks and records every request, stores what it receives, and injects faults on demand. README.md in this
folder describes the admin interface.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from urllib.parse import parse_qs, unquote

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import job_output
import server_api
import workload_api
from admin_api import Admin
from faults import GARBAGE, LATE_SECONDS, FaultBook
from http_server import Reply, Server
from openapi import parse_json
from recorder import Recorder
from routes import CALLS, HEALTH_PATHS, SERVER_API, WORKLOAD_API, operation
from tokens import TokenIssuer
from workloads import Workloads

SHOWN_BODY_CHARACTERS = 160  # of a body in the printed lines: one line of a wide terminal
MAX_ANSWER_BYTES = 64 * 1024  # an answer longer than this is not kept in the record


class ControlPlane:
    """Everything a run needs, wired together; listens from the moment it is made."""

    def __init__(self, port=0, auth=False, token_seconds=300, auto_create=False, output_root=None,
                 client_id=None, client_secret=None, log=None):
        self.auth = auth
        self.client = (client_id, client_secret)
        self.workloads = Workloads(auto_create)
        self.tokens = TokenIssuer(token_seconds)
        self.store = server_api.Store(output_root)
        self.faults = FaultBook()
        self.recorder = Recorder()
        self.admin = Admin(self)
        self._log = log or (lambda line: None)
        self._connection_workloads = {}
        numbers = iter(range(1, 1 << 62)).__next__
        self.server = Server(self._serve, port, self._bad_request, numbers)
        # A second port for the admin interface alone, for the times when the first refuses connections.
        self.admin_server = Server(self._serve_admin, 0, None, numbers)

    def corrections(self):
        return SERVER_API.corrections + WORKLOAD_API.corrections + job_output.PROTOCOL.corrections

    def drop(self, seconds=None):
        """Refuses connections, for some seconds or until told otherwise."""
        self.server.refuse()
        self._log("%s  refusing connections%s" % (_clock(), "" if seconds is None else " for %g s" % seconds))
        if seconds is not None:
            timer = threading.Timer(seconds, self.server.listen)
            timer.daemon = True
            timer.start()

    def stop(self):
        """Ends everything and gives the ports back."""
        self.server.stop()
        self.admin_server.stop()

    def report(self, exchange, found):
        """Records violations of an exchange."""
        for where, what in found:
            self.recorder.violation(what, where, exchange)

    # one request

    def _serve_admin(self, request, connection):
        connection.carried_admin = True
        if not request.path.startswith("/_admin"):
            connection.send(Reply(404, b'{"error": "only /_admin is served here"}').encoded())
            return request.keeps_alive
        connection.send(self.admin.handle(request).encoded(not request.keeps_alive))
        return request.keeps_alive

    def _serve(self, request, connection):
        if request.path == "/_admin" or request.path.startswith("/_admin/"):
            return self._serve_admin(request, connection)
        exchange = self._begin(request, connection)
        fault = self.faults.match(exchange.call, exchange.path, exchange.workload)
        sent, keep, note = None, request.keeps_alive, None
        try:
            if fault is None:
                reply = self._perform(exchange)
                sent = self._answer(exchange, connection, reply, not keep)
            else:
                exchange.fault = {"id": fault.id, "kind": fault.kind or "answer"}
                sent, keep = self._misbehave(exchange, connection, fault)
        except OSError as problem:
            keep, note = False, "the answer could not be written: %s" % problem
        self.recorder.finish(exchange, sent, note)
        self._print(exchange)
        exchange.json = None  # a catalog's objects take ten times its bytes, which are kept
        return keep

    def _begin(self, request, connection):
        path, workload, source = request.path, None, None
        if path.startswith("/w/"):
            # A base address of http://…/w/ID tells whose request it is, whatever the body says.
            workload, _, rest = path[len("/w/"):].partition("/")
            workload, path, source = unquote(workload), "/" + rest, "path"
        call = CALLS.get(path, "unknown")
        value, parsed, problem = None, False, None
        if request.body:
            try:
                value, parsed = self._parsed_body(request, call), True
            except ValueError as error:
                problem = str(error)
        if workload is None:
            workload, source = self._attributed(value, connection)
        if workload is not None:
            self._connection_workloads[connection.number] = workload
        exchange = self.recorder.begin(request, path, call, workload, source)
        exchange.json, exchange.note = value, problem
        exchange.has_json = parsed and not self._is_form(request)
        state, number = self.tokens.check(request.header("authorization"))
        exchange.authorization = {"present": state != "missing", "state": state, "token": number}
        return exchange

    @staticmethod
    def _is_form(request):
        return (request.header("content-type") or "").startswith("application/x-www-form-urlencoded")

    def _parsed_body(self, request, call):
        if call == "token" and self._is_form(request):
            return {name: values[-1] for name, values in parse_qs(request.body.decode()).items()}
        return parse_json(request.body)

    def _attributed(self, body, connection):
        """Whose request it is, and from what that is known."""
        if isinstance(body, dict):
            if isinstance(body.get("workloadId"), str):
                return body["workloadId"], "body"
            actor = body.get("sourceId", body.get("destinationId"))
            workload = self.store.workload_of_actor(actor)
            if workload is not None:
                return workload, "actor"
        workload = self._connection_workloads.get(connection.number)
        return workload, None if workload is None else "connection"

    def _perform(self, exchange):
        request = exchange.request
        if exchange.path in HEALTH_PATHS and request.method == "GET":
            return Reply(200, b'{"available": true}')
        described, document = operation(exchange.path)
        if described is None:
            self.report(exchange, [("", "no such path: %s" % exchange.path)])
            return workload_api.message(404, "no such path: %s" % exchange.path)
        if request.method != described["method"]:
            self.report(exchange, [("", "the method must be %s" % described["method"])])
            return Reply(405, headers=[("Allow", described["method"])])
        state = exchange.authorization["state"]
        if self.auth and exchange.call != "token" and state != "valid":
            return workload_api.message(401, "the token is %s" % state)
        bad = self._check_form(exchange, described, document)
        if bad is not None:
            return bad
        if exchange.call == "token":
            return self._issue(exchange)
        if document is WORKLOAD_API:
            return workload_api.perform(self, exchange)
        return server_api.perform(self, exchange)

    def _check_form(self, exchange, described, document):
        """The reply to a body that is not what the operation takes, or None."""
        kind = (exchange.request.header("content-type") or "").split(";")[0].strip().lower()
        form = exchange.call == "token" and self._is_form(exchange.request)
        if kind != "application/json" and not form:
            self.report(exchange, [("", "the content type is %s, not application/json" % (kind or "absent"))])
            return workload_api.message(415, "the content type must be application/json")
        if exchange.request.body and exchange.note is None:
            found = document.findings(exchange.json, described["request"])
        else:
            found = [("", "the body is no JSON: %s" % (exchange.note or "it is empty"))]
        if not found and "workloadId" in exchange.json:
            found = _id_findings(exchange.json["workloadId"])
        if not found:
            return None
        self.report(exchange, found)
        if document is SERVER_API:
            return server_api.invalid(found)
        return workload_api.message(400, "; ".join("%s %s" % pair for pair in found))

    def _issue(self, exchange):
        given = (exchange.json["client_id"], exchange.json["client_secret"])
        if any(wanted is not None and wanted != got for wanted, got in zip(self.client, given)):
            return Reply(401, json.dumps({"errorId": server_api.new_uuid()}).encode())
        return Reply(200, json.dumps({"access_token": self.tokens.issue(given[0])}).encode())

    # answers, good and bad

    def _answer(self, exchange, connection, reply, close, announced=True):
        if len(reply.body) <= MAX_ANSWER_BYTES and exchange.call != "token":
            try:
                exchange.answer = json.loads(reply.body) if reply.body else None
            except ValueError:
                exchange.answer = reply.body.decode("utf-8", "replace")
        self.recorder.answering(exchange)
        connection.send(reply.encoded(close and announced))
        return reply.status

    def _misbehave(self, exchange, connection, fault):
        """Carries out a rule. Returns (status sent or None, keep the connection)."""
        reply = self._perform(exchange) if fault.performed else None
        if fault.delay:
            time.sleep(fault.delay)
        if fault.kind == "hold":
            fault.released.wait()
        if fault.kind in (None, "hold"):
            if fault.status is not None:
                reply = _faulty_reply(fault)
            elif reply is None:
                reply = self._perform(exchange)
            keep = exchange.request.keeps_alive and not fault.then_close
            sent = self._answer(exchange, connection, reply, not keep, not fault.then_close)
            if fault.late:
                time.sleep(LATE_SECONDS)
                connection.send(fault.late.encode())
            return sent, keep
        if fault.kind == "reset":
            connection.reset()
        elif fault.kind == "close":
            connection.close()
        elif fault.kind == "silent":
            connection.wait_until_client_leaves()
        elif fault.kind == "garbage":
            connection.send(GARBAGE)
        elif fault.kind == "half":
            if reply is None or not reply.body:
                reply = Reply(fault.status or 200, b'{"message": "this answer ends in the mid')
            whole = reply.encoded()
            connection.send(whole[:len(whole) - (len(reply.body) + 1) // 2])
        return None, False

    def _bad_request(self, connection, problem):
        self.recorder.violation(problem, call="unknown")
        self._log("%s  connection %d: %s" % (_clock(), connection.number, problem))

    def _print(self, exchange):
        shown = _shown_body(exchange)
        fault = "" if exchange.fault is None else "  fault %(kind)s (rule %(id)d)" % exchange.fault
        self._log("%s  %-4s %s  %s  → %s%s%s" % (
            _clock(exchange.request.received_at), exchange.request.method, exchange.path,
            exchange.workload or "-", exchange.status or "no answer", fault, "  " + shown if shown else ""))


def _id_findings(workload_id):
    if not workload_id or len(workload_id) > workload_api.MAX_ID_CHARACTERS:
        return [("/workloadId", "must have 1 to %d characters" % workload_api.MAX_ID_CHARACTERS)]
    if "/" in workload_id or "\0" in workload_id or workload_id in (".", ".."):
        return [("/workloadId", "must be fit for a file name")]
    return []


def _faulty_reply(fault):
    rule = fault.rule
    headers = {name: str(value) for name, value in rule.get("headers", {}).items()}
    kind = headers.pop("Content-Type", "application/json")
    headers = list(headers.items())
    if "retryAfter" in rule:
        headers.append(("Retry-After", str(rule["retryAfter"])))
    body = rule.get("body", {"message": "injected by rule %d" % fault.id})
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply(fault.status, b"" if fault.status == 204 else text.encode(), headers, kind)


def _shown_body(exchange):
    body = exchange.json
    if exchange.call == "token":
        return ""  # holds a secret
    if isinstance(body, dict):
        body = {name: "…" if name == "connectionConfiguration" else value
                for name, value in body.items() if name != "workloadId"}
        if not body:
            return ""
    elif not exchange.request.body:
        return ""
    if len(exchange.request.body) > 1 << 20:
        return "%d bytes" % len(exchange.request.body)
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= SHOWN_BODY_CHARACTERS else text[:SHOWN_BODY_CHARACTERS - 1] + "…"


def _clock(seconds=None):
    seconds = time.time() if seconds is None else seconds
    return time.strftime("%H:%M:%S", time.localtime(seconds)) + ".%03d" % (seconds % 1 * 1000)


def die_with_parent(parent):
    """Asks the kernel for a SIGHUP when the thread that started this process ends.

    That thread may end long before its process does, so the handler stops only when the parent process
    is gone.
    """
    import ctypes
    PR_SET_PDEATHSIG = 1
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGHUP, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    return os.getppid() == parent


def parsed_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--port-file", help="the port is written to this file once the server listens")
    parser.add_argument("--auth", action="store_true", help="every API call needs a valid token")
    parser.add_argument("--token-seconds", type=float, default=300, help="how long a token is valid (300)")
    parser.add_argument("--client-id", help="the only client id that gets a token (default: any)")
    parser.add_argument("--client-secret", help="the only client secret that gets a token (default: any)")
    parser.add_argument("--auto-create", action="store_true",
                        help="create unknown workloads, sources and destinations when a request names them")
    parser.add_argument("--workload", action="append", default=[], help="create a workload (may be repeated)")
    parser.add_argument("--output-root", help="folder below which job outputs are written")
    parser.add_argument("--fault", action="append", default=[], help="a fault rule as JSON (may be repeated)")
    parser.add_argument("--quiet", action="store_true", help="do not log requests")
    parser.add_argument("--with-parent", action="store_true", help="end when the starting process ends")
    return parser.parse_args(arguments)


def main(arguments):
    parent = os.getppid()
    options = parsed_arguments(arguments)
    # Blocked in every thread, taken up one by one by sigwait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})

    def log(line):
        if not options.quiet:
            print(line, flush=True)

    try:
        plane = ControlPlane(
            options.port, options.auth, options.token_seconds, options.auto_create, options.output_root,
            options.client_id, options.client_secret, log)
        for workload in options.workload:
            plane.workloads.create(workload)
        for rule in options.fault:
            plane.faults.add(parse_json(rule))
    except (OSError, ValueError) as problem:
        print("control plane: %s" % problem, file=sys.stderr)
        return 1
    if options.with_parent and not die_with_parent(parent):
        return 0
    if options.port_file:
        with open(options.port_file + ".tmp", "w", encoding="ascii") as file:
            file.write("%d\n" % plane.server.port)
        os.rename(options.port_file + ".tmp", options.port_file)
    print("listening on http://127.0.0.1:%d" % plane.server.port, flush=True)
    while True:
        arrived = signal.sigwait({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
        if arrived != signal.SIGHUP or not options.with_parent or os.getppid() != parent:
            return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # threads that hold a connection open must not keep the process
