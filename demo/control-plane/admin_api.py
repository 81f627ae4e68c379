"""The admin interface under /_admin: set up a test, inspect what happened, wait for it."""

import json
import os
from urllib.parse import parse_qs, unquote

from http_server import Reply
from openapi import parse_json
from workloads import STATES

MAX_WAIT_SECONDS = 300  # longer than any test; a forgotten wait must end


class Refused(Exception):
    """An admin request that cannot be carried out; the message goes to the caller."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Admin:
    """Answers admin requests for a control plane."""

    def __init__(self, plane):
        self._plane = plane

    def handle(self, request):
        parts = [unquote(part) for part in request.path.split("/")[2:] if part]
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        try:
            what = getattr(self, "_%s_%s" % (request.method.lower(), (parts or ["info"])[0]), None)
            if what is None:
                raise Refused(404, "no such admin request: %s %s" % (request.method, request.path))
            body = parse_json(request.body) if request.body else {}
            return what(parts[1:], query, body)
        except Refused as problem:
            return _json({"error": str(problem)}, problem.status)
        except (ValueError, KeyError, TypeError) as problem:
            return _json({"error": "%s: %s" % (type(problem).__name__, problem)}, 400)

    # what there is

    def _get_info(self, rest, query, body):
        plane = self._plane
        return _json({
            "pid": os.getpid(), "port": plane.server.port, "adminPort": plane.admin_server.port,
            "auth": plane.auth, "listening": plane.server.listening, "tokensIssued": plane.tokens.issued,
            "corrections": plane.corrections(),
        })

    def _get_requests(self, rest, query, body):
        recorder = self._plane.recorder
        recorder.settle()
        if rest:
            exchange = recorder.exchange(int(rest[0]))
            if exchange is None:
                raise Refused(404, "no request has the number %s" % rest[0])
            if rest[1:] == ["body"]:
                return Reply(200, exchange.request.body)
            return Reply(200, exchange.to_json().encode())
        found = recorder.exchanges(
            query.get("workload"), query.get("call"), _number(query.get("status")),
            after=int(query.get("after", 0)))
        return Reply(200, ("[" + ",\n ".join(e.to_json() for e in found) + "]").encode())

    def _get_violations(self, rest, query, body):
        return _json(self._plane.recorder.violations(query.get("workload")))

    def _delete_violations(self, rest, query, body):
        self._plane.recorder.clear_violations()
        return Reply(204)

    def _get_wait(self, rest, query, body):
        recorder, workloads = self._plane.recorder, self._plane.workloads
        workload, call, state = query.get("workload"), query.get("call"), query.get("state")
        count, status = int(query.get("count", 1)), _number(query.get("status"))
        after, answered = int(query.get("after", 0)), query.get("received") != "1"
        timeout = min(float(query.get("timeout", 10)), MAX_WAIT_SECONDS)

        def seen():
            return recorder.count(workload, call, status, answered, after)

        def reached():
            if state is not None:
                known = workloads.peek(workload)
                return known is not None and known["state"] == state
            return seen() >= count

        if state is not None and (workload is None or state not in STATES):
            raise Refused(400, "state needs a workload and is one of %s" % ", ".join(STATES))
        is_there = recorder.wait(reached, timeout)
        numbers = [e.number for e in recorder.exchanges(workload, call, status, answered, after)]
        return _json({"reached": is_there, "count": len(numbers), "requests": numbers},
                     200 if is_there else 408)

    # workloads

    def _get_workloads(self, rest, query, body):
        if not rest:
            return _json(self._plane.workloads.all())
        return _json(self._workload(rest[0]))

    def _post_workloads(self, rest, query, body):
        workloads = self._plane.workloads
        if rest:
            self._workload(rest[0])
            if rest[1:] != ["cancel"]:
                raise Refused(404, "a workload can be cancelled only")
            status, before, after = workloads.transition(
                rest[0], "cancel", body.get("source", "admin"), body.get("reason"))
            self._plane.recorder.poke()
            if status != 204:
                raise Refused(status, "the workload is %s" % before)
            return _json(workloads.get(rest[0]))
        state = body.get("state", "launched")
        if state not in STATES:
            raise Refused(400, "state must be one of %s" % ", ".join(STATES))
        workloads.create(_text(body, "id"), state)
        self._plane.recorder.poke()
        return _json(workloads.get(body["id"]))

    def _workload(self, workload_id):
        workload = self._plane.workloads.peek(workload_id)
        if workload is None:
            raise Refused(404, "no workload has the id %s" % workload_id)
        return workload

    # what the server API keeps

    def _get_outputs(self, rest, query, body):
        outputs = self._plane.store.outputs
        if not rest:
            return _json(sorted(outputs))
        if rest[0] not in outputs:
            raise Refused(404, "no output of the workload %s" % rest[0])
        return Reply(200, outputs[rest[0]].encode())

    def _get_catalogs(self, rest, query, body):
        catalogs = self._plane.store.catalogs
        if not rest:
            return _json(list(catalogs.values()))
        if rest[0] not in catalogs:
            raise Refused(404, "no catalog has the id %s" % rest[0])
        return Reply(200, self._plane.recorder.exchange(catalogs[rest[0]]["request"]).request.body)

    def _actors(self, kind, rest):
        actors = self._plane.store.actors[kind]
        if not rest:
            return _json(list(actors.values()))
        if rest[0].lower() not in actors:
            raise Refused(404, "no %s has the id %s" % (kind[:-1], rest[0]))
        return _json(actors[rest[0].lower()])

    def _get_sources(self, rest, query, body):
        return self._actors("sources", rest)

    def _get_destinations(self, rest, query, body):
        return self._actors("destinations", rest)

    def _post_sources(self, rest, query, body):
        return _json(self._plane.store.put_actor("sources", body))

    def _post_destinations(self, rest, query, body):
        return _json(self._plane.store.put_actor("destinations", body))

    # trouble

    def _get_faults(self, rest, query, body):
        return _json(self._plane.faults.all())

    def _post_faults(self, rest, query, body):
        if rest:
            fault = self._plane.faults.get(int(rest[0]))
            if fault is None or rest[1:] != ["release"]:
                raise Refused(404, "no such rule, or not released: POST /_admin/faults/ID/release")
            fault.released.set()
            return _json(fault.described())
        rules = body if isinstance(body, list) else [body]
        return _json([self._plane.faults.add(rule).described() for rule in rules])

    def _delete_faults(self, rest, query, body):
        gone = self._plane.faults.remove(int(rest[0]) if rest else None)
        return _json({"removed": gone})

    def _post_drop(self, rest, query, body):
        self._plane.drop(body.get("seconds"))
        return _json({"listening": self._plane.server.listening})

    def _post_undrop(self, rest, query, body):
        self._plane.server.listen()
        return _json({"listening": self._plane.server.listening})

    def _post_tokens(self, rest, query, body):
        if rest == ["revoke"]:
            self._plane.tokens.revoke_all()
        elif not rest:
            self._plane.tokens.seconds = float(body["seconds"])
        else:
            raise Refused(404, "POST /_admin/tokens/revoke, or /_admin/tokens with seconds")
        return self._get_tokens(rest, query, body)

    def _get_tokens(self, rest, query, body):
        return _json({"issued": self._plane.tokens.issued, "seconds": self._plane.tokens.seconds})


def _json(value, status=200):
    return Reply(status, json.dumps(value).encode())


def _number(text):
    return None if text is None else int(text)


def _text(body, name):
    value = body.get(name) if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise Refused(400, "%s must be a text" % name)
    return value
