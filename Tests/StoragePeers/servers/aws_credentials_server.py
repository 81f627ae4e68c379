"""The services from which pods and machines get Amazon's keys, on a free port of the loopback: `aws_credentials_server.py
STS_URL ROLE_ARN`.

    GET /v1/credentials                                      as EKS Pod Identity and ECS have it
    PUT /latest/api/token, GET /latest/meta-data/iam/…       the instance metadata service, version 2

Each answer has new keys, which STS gives for the role. Prints one line of JSON with the port; ends when its standard
input does.

`POST /control {"life": seconds}` says how long keys are good; `{"authorization": text}` which `Authorization` the
container has to bring; `{"role": null}` that the machine has no role; `{"fail": N}` answers the next N requests with
500. The answer, also to `{}`, is what has been asked: method, path, status, and the id of the key that was given.
"""

import datetime
import json
import os
import re
import secrets
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STS, ROLE = sys.argv[1:3]
ROLES = "/latest/meta-data/iam/security-credentials/"
LONGEST_SESSION = 21600  # seconds; the service refuses more


class Services(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()
    wishes = {"life": 3600, "authorization": None, "role": "node-role", "fail": 0}
    sessions = set()
    seen = []

    def log_message(self, *arguments):
        pass

    def answer(self, status, text="", note=""):
        body = text.encode()
        with self.lock:
            self.seen.append(f"{self.command} {self.path} {status} {note}".rstrip())
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/control":
            return self.control(json.loads(body))
        if self.takes_failure():
            return self.answer(500)
        if self.path == "/v1/credentials":
            return self.container()
        if self.path == "/latest/api/token":
            return self.session()
        if self.path.startswith(ROLES):
            return self.instance(self.path.removeprefix(ROLES))
        self.answer(404)

    do_GET = do_PUT = do_POST = handle_request

    def takes_failure(self):
        with self.lock:
            self.wishes["fail"] -= 1
            return self.wishes["fail"] >= 0

    def control(self, wishes):
        with self.lock:
            self.wishes.update(wishes)
            body = json.dumps(self.seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def container(self):
        if self.headers.get("Authorization") != self.wishes["authorization"]:
            return self.answer(401, '{"message": "not the token that was agreed"}')
        self.give(keys())

    def session(self):
        life = int(self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") or 0)
        if self.command != "PUT" or not 0 < life <= LONGEST_SESSION:
            return self.answer(400)
        session = secrets.token_urlsafe(30)
        self.sessions.add(session)
        self.answer(200, session)

    def instance(self, role):
        if self.headers.get("X-aws-ec2-metadata-token") not in self.sessions:
            return self.answer(401)
        if not self.wishes["role"] or role not in ("", self.wishes["role"]):
            return self.answer(404)
        if not role:
            return self.answer(200, self.wishes["role"])
        self.give({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-24T09:00:00Z", **keys()})

    def give(self, found):
        now = datetime.datetime.now(datetime.timezone.utc)
        end = now + datetime.timedelta(seconds=self.wishes["life"])
        document = {**found, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")}
        self.answer(200, json.dumps(document), found["AccessKeyId"])


def keys():
    """New keys from STS."""
    form = {
        "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": ROLE, "RoleSessionName": "pod",
        "WebIdentityToken": "header.payload.signature",
    }
    with urllib.request.urlopen(STS, urllib.parse.urlencode(form).encode()) as answer:
        text = answer.read().decode()
    names = {"AccessKeyId": "AccessKeyId", "SecretAccessKey": "SecretAccessKey", "SessionToken": "Token"}
    return {ours: re.search(f"<{name}>(.*?)</{name}>", text)[1] for name, ours in names.items()}


class Server(ThreadingHTTPServer):
    daemon_threads = True


def main():
    server = Server(("127.0.0.1", 0), Services)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_port}), flush=True)
    sys.stdin.read()
    os._exit(0)


main()
