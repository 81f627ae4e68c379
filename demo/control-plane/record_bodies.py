#!/usr/bin/python3
"""Writes recorded_bodies.json: for each call, bodies that the built sidecar has sent.

    record_bodies.py PATH-OF-airbyte-connector-sidecar

Plays cases of Tests/Corpus with the sidecar. test_mutations.py modifies these bodies.
"""

import json
import os
import subprocess
import sys
import tempfile

from control_plane import ControlPlane

HERE = os.path.dirname(os.path.abspath(__file__))
CASES = (
    "results/spec-with-every-member", "results/result-despite-exit-code-1", "traces/every-member-check",
    "framing/empty-output", "catalogs/every-member", "catalogs/destination-catalog",
    "control/changed-configuration", "control/destination",
)
ACTOR = "0c7b5b7e-2f0e-4c8e-9d3c-5d1f6a6f7b10"
ALLOCATION = {
    "default": {"cpu_request": "0.5", "memory_limit": "1Gi"},
    "jobSpecific": [{"jobType": "check_connection", "resourceRequirements": {"cpu_limit": "1"}}],
}


def play(sidecar, plane, name):
    path = os.path.join(HERE, "..", "..", "Tests", "Corpus", "adversarial", name)
    with open(path + ".case.json", encoding="utf-8") as file:
        case = json.load(file)
    with open(path + ".output", "rb") as file:
        output = file.read()
    actor = case.get("actor", "source")
    plane.store.put_actor(actor + "s", {actor + "Id": ACTOR, "resourceAllocation": ALLOCATION})
    config = case.get("config", {})
    document = {
        "workloadId": name.replace("/", "."), "operationType": case["operation"].upper(),
        "logPath": "1/0/logs.log",
        "integrationLauncherConfig": {"dockerImage": "airbyte/%s-corpus:1" % actor},
    }
    if case["operation"] == "check":
        document["checkConnectionInput"] = {
            "actorType": actor, "actorId": ACTOR, "connectionConfiguration": config}
    elif case["operation"] == "discover":
        document["discoverCatalogInput"] = {
            "sourceId": ACTOR, "connectionConfiguration": config,
            "connectorVersion": "1.2.3", "configHash": "hash",
            "actorContext": {"actorType": actor, "actorId": ACTOR},
        }
    with tempfile.TemporaryDirectory() as workspace:
        for file_name, data in (("sidecarInput.json", json.dumps(document).encode()),
                                ("jobOutput.json", output),
                                ("exitCode.txt", case.get("exitCode.txt", "0\n").encode())):
            with open(os.path.join(workspace, file_name), "wb") as file:
                file.write(data)
        base = "http://127.0.0.1:%d" % plane.server.port
        subprocess.run([sidecar], stdout=subprocess.DEVNULL, env={
            "AIRBYTE_CONFIG_DIR": workspace, "WORKLOAD_API_HOST": base, "INTERNAL_API_HOST": base,
            "CONTROL_PLANE_TOKEN_ENDPOINT": base + "/api/v1/dataplanes/token", "DATAPLANE_CLIENT_ID": "id",
            "DATAPLANE_CLIENT_SECRET": "secret", "SIDECAR_HEARTBEAT_INTERVAL_SECONDS": "0.001"}, check=False)


def main(sidecar):
    plane = ControlPlane(auto_create=True)
    for name in CASES:
        play(sidecar, plane, name)
    bodies = {}
    for exchange in plane.recorder.exchanges():
        body = json.loads(exchange.request.body)
        if body not in bodies.setdefault(exchange.call, []):
            bodies[exchange.call].append(body)
    for call, kept in bodies.items():
        if call not in ("output", "sources/update", "destinations/update"):
            del kept[1:]
    if plane.recorder.violations():
        raise SystemExit("violations: %s" % plane.recorder.violations())
    plane.stop()
    with open(os.path.join(HERE, "recorded_bodies.json"), "w", encoding="utf-8") as file:
        json.dump(dict(sorted(bodies.items())), file, indent=1, ensure_ascii=False)
        file.write("\n")
    print(", ".join("%s: %d" % (call, len(kept)) for call, kept in sorted(bodies.items())))


if __name__ == "__main__":
    main(sys.argv[1])
