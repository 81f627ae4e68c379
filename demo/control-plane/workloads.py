"""The workload table: the states, and the answer to each transition, as in the workload API.

running   claimed, launched, running → running; anything else 410
heartbeat running stays running; anything else 410
success   every active state → success; a repeated success changes nothing; cancelled and failure 410
failure   every active state → failure; a repeated failure changes nothing; cancelled and success 410
cancel    every active state → cancelled; a repeated cancel changes nothing; success and failure 410
An unknown workload is 404 everywhere.
"""

import threading
import time

ACTIVE = ("pending", "claimed", "launched", "running")
TERMINAL = ("success", "failure", "cancelled")
STATES = ACTIVE + TERMINAL

_RULES = {
    "running": (("claimed", "launched", "running"), "running", ()),
    "heartbeat": (("running",), "running", ()),
    "success": (ACTIVE, "success", ("success",)),
    "failure": (ACTIVE, "failure", ("failure",)),
    "cancel": (ACTIVE, "cancelled", ("cancelled",)),
}


class Workloads:
    """All workloads by id, safe to use from several threads."""

    def __init__(self, auto_create=False):
        self.auto_create = auto_create
        self._by_id = {}
        self._lock = threading.Lock()

    def create(self, workload_id, state="launched"):
        """Makes or resets a workload."""
        now = time.time()
        with self._lock:
            self._by_id[workload_id] = {
                "id": workload_id, "state": state, "createdAt": now, "heartbeats": 0,
                "lastHeartbeatAt": None, "source": None, "reason": None,
                "history": [{"state": state, "at": now}],
            }

    def get(self, workload_id):
        """A copy of what is known, or None. Creates the workload where unknown ones are welcome."""
        with self._lock:
            known = workload_id in self._by_id
        if not known:
            if not self.auto_create:
                return None
            self.create(workload_id)
        return self.peek(workload_id)

    def peek(self, workload_id):
        """As `get`, without creating anything."""
        with self._lock:
            workload = self._by_id.get(workload_id)
            return None if workload is None else dict(workload, history=list(workload["history"]))

    def all(self):
        with self._lock:
            return [dict(w, history=list(w["history"])) for w in self._by_id.values()]

    def transition(self, workload_id, call, source=None, reason=None):
        """Carries a call out. Returns (status, state before, state after)."""
        if self.get(workload_id) is None:
            return 404, None, None
        allowed, target, already = _RULES[call]
        with self._lock:
            workload = self._by_id[workload_id]
            before = workload["state"]
            if before in already:
                return 204, before, before
            if before not in allowed:
                return 410, before, before
            now = time.time()
            if call == "heartbeat":
                workload["heartbeats"] += 1
                workload["lastHeartbeatAt"] = now
            if call in ("failure", "cancel"):
                workload["source"], workload["reason"] = source, reason
            if before != target:
                workload["state"] = target
                workload["history"].append({"state": target, "at": now})
            return 204, before, target
