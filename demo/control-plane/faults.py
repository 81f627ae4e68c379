"""Failure injection: rules that say which requests fail, and how.

A rule is a JSON object. These members select requests:
  call      name of a call (see routes.py), `*` for every one (default `*`)
  path      the exact path instead of a call, without a /w/ID prefix
  workload  only requests of this workload
  after     skip this number of matching requests first (default 0)
  times     apply to this number of requests (default: no limit)
  seconds   apply for this time after the rule was created
These say what happens to the requests:
  status      answer with this status; with retryAfter (text), headers (object), body (JSON value or text);
              a Content-Type in headers replaces application/json
  delay       wait this number of seconds first
  fault       reset    close with an RST instead of an answer
              close    close without an answer
              half     send the headers and a part of the body, then close
              silent   never answer
              garbage  answer with bytes that are not HTTP
              hold     wait until the rule is released or removed, then continue normally
  performed   true: the call is performed before its answer is lost or replaced
  thenClose   true: close the connection after the answer, unannounced
  late        text that is sent on the connection LATE_SECONDS after the answer
"""

import threading
import time

KINDS = ("reset", "close", "half", "silent", "garbage", "hold")
GARBAGE = b"\x00\x01\x02 this is no HTTP \xff\xfe\r\n\r\n"

# Long enough for a client to have taken the answer and put the connection by, short enough for a test.
LATE_SECONDS = 0.1

_MEMBERS = {
    "call": str, "path": str, "workload": str, "after": int, "times": int, "seconds": (int, float),
    "status": int, "retryAfter": (str, int), "headers": dict, "body": object, "delay": (int, float),
    "fault": str, "performed": bool, "thenClose": bool, "late": str,
}


class Fault:
    """One rule with its counters."""

    def __init__(self, number, rule):
        for name, value in rule.items():
            if name not in _MEMBERS:
                raise ValueError("a rule has no member %r (known: %s)" % (name, ", ".join(_MEMBERS)))
            kind = _MEMBERS[name]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
                raise ValueError("%s cannot be %r" % (name, value))
        if rule.get("fault", KINDS[0]) not in KINDS:
            raise ValueError("fault must be one of %s" % ", ".join(KINDS))
        if not {"status", "fault", "delay", "thenClose", "late"} & set(rule):
            raise ValueError("the rule does nothing: give status, fault, delay, thenClose or late")
        if not 200 <= rule.get("status", 200) <= 599:
            raise ValueError("status must be from 200 to 599")
        self.id = number
        self.rule = rule
        self.kind = rule.get("fault")
        self.status = rule.get("status")
        self.delay = rule.get("delay", 0)
        self.performed = rule.get("performed", False)
        self.then_close = rule.get("thenClose", False)
        self.late = rule.get("late", "")
        self.matched = 0
        self.applied = 0
        self.released = threading.Event()
        self._until = time.monotonic() + rule["seconds"] if "seconds" in rule else None

    def takes(self, call, path, workload):
        """Whether this request goes wrong; counts it where it is one of the rule's."""
        rule = self.rule
        if self._until is not None and time.monotonic() >= self._until:
            return False
        if "workload" in rule and rule["workload"] != workload:
            return False
        if "path" in rule and rule["path"] != path:
            return False
        if rule.get("call", "*") not in ("*", call):
            return False
        if "times" in rule and self.applied >= rule["times"]:
            return False
        self.matched += 1
        if self.matched <= rule.get("after", 0):
            return False
        self.applied += 1
        return True

    def described(self):
        return dict(self.rule, id=self.id, applied=self.applied, released=self.released.is_set())


class FaultBook:
    """The rules in force; the oldest that takes a request decides."""

    def __init__(self):
        self._faults = []
        self._made = 0
        self._lock = threading.Lock()

    def add(self, rule):
        """Raises ValueError where the rule is not understood."""
        if not isinstance(rule, dict):
            raise ValueError("a rule is a JSON object")
        with self._lock:
            self._made += 1
            fault = Fault(self._made, rule)
            self._faults.append(fault)
            return fault

    def match(self, call, path, workload):
        with self._lock:
            for fault in self._faults:
                if fault.takes(call, path, workload):
                    return fault
        return None

    def get(self, number):
        with self._lock:
            return next((fault for fault in self._faults if fault.id == number), None)

    def remove(self, number=None):
        """Removes one rule or all of them; held requests go on. Returns how many there were."""
        with self._lock:
            gone = [fault for fault in self._faults if number is None or fault.id == number]
            self._faults = [fault for fault in self._faults if fault not in gone]
        for fault in gone:
            fault.released.set()
        return len(gone)

    def all(self):
        with self._lock:
            return [fault.described() for fault in self._faults]
