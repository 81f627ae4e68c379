"""Records requests and answers in order, and lets callers wait for them."""

import json
import threading
import time

MAX_LISTED_BODY_BYTES = 256 * 1024  # a longer body is fetched alone, so that a list stays readable
MAX_SETTLING_SECONDS = 5  # an answer goes out at once; a client that does not read it must not block a list


class Exchange:
    """One request and its answer."""

    def __init__(self, number, request, path, call, workload, workload_from):
        self.number = number
        self.request = request
        self.path = path
        self.call = call
        self.workload = workload
        self.workload_from = workload_from
        self.authorization = None
        self.json = None  # the parsed body
        self.has_json = False
        self.answered_at = None
        self.status = None
        self.answer = None
        self.fault = None
        self.answering = False  # the answer is on its way, and not recorded yet
        self.done = False
        self.note = None

    def to_json(self):
        """JSON text; the body is spliced in as it came, so that its numbers keep every digit."""
        headers = {}
        for name, value in self.request.headers:
            key = name.lower()
            if key == "authorization":
                value = value.split(" ")[0] + " ***"
            headers[key] = headers[key] + ", " + value if key in headers else value
        body = self.request.body
        listed = len(body) <= MAX_LISTED_BODY_BYTES
        shown = {
            "number": self.number,
            "receivedAt": self.request.received_at,
            "answeredAt": self.answered_at,
            "connection": self.request.connection_number,
            "requestOnConnection": self.request.number_on_connection,
            "method": self.request.method,
            "path": self.path,
            "query": self.request.query,
            "call": self.call,
            "workload": self.workload,
            "workloadFrom": self.workload_from,
            "headers": headers,
            "authorization": self.authorization,
            "bodyBytes": len(body),
            "bodyListed": listed,
            "status": self.status,
            "answer": self.answer,
            "fault": self.fault,
            "done": self.done,
            "note": self.note,
        }
        if not listed or not body:
            text = "null"
        elif self.has_json:
            text = body.decode("utf-8")
        else:
            text = json.dumps(body.decode("utf-8", "replace"))
        return json.dumps(shown)[:-1] + ', "body": ' + text + "}"


class Recorder:
    """All exchanges and violations. `changed` is notified whenever something was received or answered."""

    def __init__(self):
        self.changed = threading.Condition()
        self._exchanges = []
        self._violations = []

    def begin(self, request, path, call, workload, workload_from):
        with self.changed:
            exchange = Exchange(len(self._exchanges) + 1, request, path, call, workload, workload_from)
            self._exchanges.append(exchange)
            self.changed.notify_all()
            return exchange

    def answering(self, exchange):
        """The answer is about to be written."""
        with self.changed:
            exchange.answering = True

    def settle(self):
        """Waits until every answer that is on its way is recorded.

        A client can have its answer, and ask what happened, before the thread that sent it has recorded it.
        """
        with self.changed:
            self.changed.wait_for(lambda: not any(e.answering for e in self._exchanges), MAX_SETTLING_SECONDS)

    def finish(self, exchange, status, note=None):
        """The answer was written, or given up; `status` is None when none was sent."""
        with self.changed:
            exchange.answering = False
            exchange.status = status
            exchange.note = note or exchange.note
            exchange.answered_at = time.time()
            exchange.done = True
            self.changed.notify_all()

    def violation(self, what, where="", exchange=None, call=None):
        """Something that a correct client never does."""
        with self.changed:
            self._violations.append({
                "number": exchange.number if exchange else None,
                "workload": exchange.workload if exchange else None,
                "call": exchange.call if exchange else call,
                "where": where,
                "what": what,
            })
            self.changed.notify_all()

    def violations(self, workload=None):
        with self.changed:
            return [v for v in self._violations if workload is None or v["workload"] == workload]

    def exchanges(self, workload=None, call=None, status=None, answered=False, after=0):
        with self.changed:
            return self._matching(workload, call, status, answered, after)

    def _matching(self, workload, call, status, answered, after):
        return [
            e for e in self._exchanges[after:]
            if (workload is None or e.workload == workload)
            and (call is None or e.call == call)
            and (status is None or e.status == status)
            and (not answered or e.done)
        ]

    def exchange(self, number):
        with self.changed:
            return self._exchanges[number - 1] if 0 < number <= len(self._exchanges) else None

    def wait(self, reached, timeout):
        """Waits until `reached()` is true. `reached` may not call back into the recorder."""
        with self.changed:
            return self.changed.wait_for(reached, timeout)

    def count(self, workload, call, status, answered, after=0):
        """For use within `wait` only: the lock is held."""
        return len(self._matching(workload, call, status, answered, after))

    def poke(self):
        """Something else changed that a waiter may be waiting for."""
        with self.changed:
            self.changed.notify_all()

    def clear_violations(self):
        with self.changed:
            self._violations.clear()
