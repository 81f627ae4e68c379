#!/usr/bin/env python3
"""A blob service for tests, as far as the sidecar and Azure's own client use it.

Signatures are checked with the code of azure-storage-blob: its policy signs the same request again, and the two must
be equal. Shared access signatures are made again by its generators. Bearer tokens are those that the token endpoint
here has given out. Everything is kept in memory.

Prints one line of JSON (port, account, key, …) and ends when its standard input does.

    POST /control   {"clockOffset": s, "faults": [{"match", "after", "count", "status", "code"}], "endTokens": true, …}
    GET  /control   what has been seen
    POST /peek      ["container", "blob"]: its bytes, without the service's own ways

A fault is for `count` requests whose line has `match` in it, the first `after` of them left out: an answer with that
status and code, or, with the code "cut", an end of the connection in the middle of the body, or, with "cut after", in
place of the answer to what was done.
"""
import base64
import binascii
import email.utils
import hashlib
import http.server
import json
import os
import secrets
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as xml

from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import HttpRequest
from azure.storage.blob import generate_account_sas, generate_container_sas
from azure.storage.blob._shared.authentication import SharedKeyCredentialPolicy

ACCOUNT = "testaccount"
CLIENT_ID = "11111111-2222-3333-4444-555555555555"
TENANT_ID = "66666666-7777-8888-9999-000000000000"
#: Azure's own tolerance, in seconds.
LARGEST_SKEW = 900
LONGEST_BLOB_NAME = 1024


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message


def refused_signature(detail):
    return Refusal(403, "AuthenticationFailed", f"Server failed to authenticate the request. {detail}")


class Service:
    """The account's content and what a test has asked for."""

    def __init__(self):
        self.lock = threading.RLock()
        self.key = base64.b64encode(secrets.token_bytes(64)).decode()
        self.containers = {}
        self.blocks = {}
        self.tokens = {}
        self.assertion = None
        self.clock_offset = 0
        self.token_life = 3600
        self.faults = []
        self.requests = []
        self.allow_creation = True
        self.max_body_size = None

    def now(self):
        return time.time() + self.clock_offset

    def control(self, wishes):
        with self.lock:
            self.clock_offset = wishes.get("clockOffset", self.clock_offset)
            self.token_life = wishes.get("tokenLife", self.token_life)
            self.allow_creation = wishes.get("allowCreation", self.allow_creation)
            self.max_body_size = wishes.get("maxBodySize", self.max_body_size)
            self.assertion = wishes.get("assertion", self.assertion)
            self.faults += wishes.get("faults", [])
            if wishes.get("endTokens"):
                self.tokens = {}
            for name in wishes.get("containers", []):
                self.containers.setdefault(name, {})

    def fault(self, call):
        """The fault that is due for this call."""
        with self.lock:
            for fault in self.faults:
                if fault["match"] in call and fault.get("after", 0) > 0:
                    fault["after"] -= 1
                elif fault["match"] in call and fault["count"] > 0:
                    fault["count"] -= 1
                    return fault
        return None

    # Who asks

    def authenticate(self, method, url, headers):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, keep_blank_values=True))
        if "x-ms-version" not in headers and "sig" not in query:
            raise Refusal(400, "MissingRequiredHeader", "An HTTP header that's mandatory is missing: x-ms-version")
        authorization = headers.get("authorization", "")
        if authorization.startswith("SharedKey "):
            self.check_shared_key(method, url, headers, authorization)
        elif authorization.startswith("Bearer "):
            end = self.tokens.get(authorization[7:])
            if end is None or end <= time.time():
                raise Refusal(401, "InvalidAuthenticationInfo", "Server failed to authenticate the request.")
        elif "sig" in query:
            self.check_shared_access_signature(url, query)
        else:
            raise Refusal(401, "NoAuthenticationInformation", "The request has no authentication information.")

    def check_shared_key(self, method, url, headers, authorization):
        date = headers.get("x-ms-date")
        sent = email.utils.parsedate_to_datetime(date).timestamp() if date else 0
        if abs(sent - self.now()) > LARGEST_SKEW:
            raise refused_signature("Request date header too old or too new.")
        unsigned = {name: value for name, value in headers.items() if name != "authorization"}
        request = PipelineRequest(HttpRequest(method, url, headers=unsigned), PipelineContext(transport=None))
        SharedKeyCredentialPolicy(ACCOUNT, self.key).on_request(request)
        if request.http_request.headers["Authorization"] != authorization:
            raise refused_signature("The signature is not the one that was computed.")

    def check_shared_access_signature(self, url, query):
        common = {"permission": query["sp"], "expiry": query["se"], "start": query.get("st")}
        if "sr" in query:
            container = urllib.parse.urlsplit(url).path.split("/")[2]
            again = generate_container_sas(ACCOUNT, container, self.key, **common)
        else:
            again = generate_account_sas(ACCOUNT, self.key, query["srt"], **common)
        if dict(urllib.parse.parse_qsl(again))["sig"] != query["sig"]:
            raise refused_signature("Signature did not match.")
        end = time.mktime(time.strptime(query["se"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        if end < self.now():
            raise refused_signature("Signature not valid in the specified time frame.")
        if "w" not in query["sp"]:
            raise Refusal(403, "AuthorizationPermissionMismatch", "Not authorized with this permission.")

    def token(self, tenant, form):
        """The answer of Entra ID's token endpoint."""
        wanted = {
            "client_id": CLIENT_ID,
            "scope": "https://storage.azure.com/.default",
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self.assertion,
        }
        if tenant != TENANT_ID or form != wanted:
            wrong = ", ".join(sorted(name for name in wanted if form.get(name) != wanted[name]))
            return 401, {"error": "invalid_client", "error_description": f"AADSTS700016: wrong {wrong}\r\nTrace ID: 1"}
        token = secrets.token_urlsafe(40)
        with self.lock:
            self.tokens[token] = time.time() + self.token_life
        return 200, {"token_type": "Bearer", "expires_in": self.token_life, "access_token": token}

    # What is asked

    def create_container(self, name):
        if not self.allow_creation:
            raise Refusal(403, "AuthorizationFailure", "This request is not authorized to perform this operation.")
        with self.lock:
            if name in self.containers:
                raise Refusal(409, "ContainerAlreadyExists", "The specified container already exists.")
            self.containers[name] = {}

    def container(self, name):
        if name not in self.containers:
            raise Refusal(404, "ContainerNotFound", "The specified container does not exist.\nRequestId:1\nTime:2")
        return self.containers[name]

    def put_block(self, container, name, block_id, body):
        self.container(container)
        raw = base64.b64decode(block_id, validate=True)
        blocks = self.blocks.setdefault((container, name), {})
        if len(raw) > 64 or any(len(base64.b64decode(other)) != len(raw) for other in blocks):
            raise Refusal(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.")
        blocks[block_id] = body

    def put_block_list(self, container, name, headers, body):
        blobs = self.container(container)
        uncommitted = self.blocks.get((container, name), {})
        committed = blobs[name]["blocks"] if name in blobs else {}
        places = {"Uncommitted": uncommitted, "Committed": committed, "Latest": {**committed, **uncommitted}}
        chosen = {}
        for element in xml.fromstring(body):
            if element.text not in places[element.tag]:
                raise Refusal(400, "InvalidBlockList", "The specified block list is invalid.")
            chosen[element.text] = places[element.tag][element.text]
        blobs[name] = self.blob(headers, b"".join(chosen.values()), chosen)
        self.blocks.pop((container, name), None)

    def put_blob(self, container, name, headers, body):
        if headers.get("x-ms-blob-type") != "BlockBlob":
            raise Refusal(400, "InvalidHeaderValue", "x-ms-blob-type")
        self.container(container)[name] = self.blob(headers, body, {})
        self.blocks.pop((container, name), None)

    @staticmethod
    def blob(headers, body, blocks):
        declared = headers.get("x-ms-blob-content-md5")
        # Azure itself keeps what it is told; here it is a test that it is true.
        if declared and declared != md5(body):
            raise Refusal(400, "Md5Mismatch", "The blob's MD5 is not that of its content.")
        return {
            "body": body,
            "blocks": blocks,
            "type": headers.get("x-ms-blob-content-type", headers.get("content-type", "application/octet-stream")),
            "md5": declared or md5(body),
        }


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service: Service
    connection_is_cut = False

    def log_message(self, *arguments):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(self.service.now(), usegmt=True)

    def answer(self, status, body=b"", headers=()):
        if self.connection_is_cut:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(status)
        self.send_header("x-ms-request-id", "req-1")
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def answer_json(self, status, value):
        self.answer(status, json.dumps(value).encode(), [("Content-Type", "application/json")])

    def refuse(self, refusal):
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{refusal.code}</Code>'
            f"<Message>{refusal.message}</Message></Error>"
        )
        self.answer(
            refusal.status,
            b"" if self.command == "HEAD" else body.encode(),
            [("x-ms-error-code", refusal.code), ("Content-Type", "application/xml")],
        )

    def handle_call(self):
        parts = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        call = f"{self.command} {self.path}"
        fault = None if parts.path == "/control" else self.service.fault(call)
        if fault and fault["code"] == "cut":
            self.rfile.read(min(length, 1000))
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(length)
        if parts.path == "/control":
            return self.control(body)
        if parts.path == "/peek":
            container, name = json.loads(body)
            blob = self.service.containers.get(container, {}).get(name)
            return self.answer(200 if blob else 404, blob["body"] if blob else b"")
        with self.service.lock:
            self.service.requests.append(call)
        if fault and fault["code"] == "cut after":
            self.connection_is_cut = True
        elif fault:
            return self.refuse(Refusal(fault["status"], fault["code"], "A fault that the test asked for."))
        if parts.path.endswith("/oauth2/v2.0/token"):
            form = dict(urllib.parse.parse_qsl(body.decode()))
            return self.answer_json(*self.service.token(parts.path.split("/")[1], form))
        try:
            self.storage(parts, body)
        except Refusal as refusal:
            self.refuse(refusal)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_call

    def control(self, body):
        if self.command == "POST":
            self.service.control(json.loads(body))
        with self.service.lock:
            requests = [request.split("sig=")[0] for request in self.service.requests]
            blobs = {name: sorted(container) for name, container in self.service.containers.items()}
        self.answer_json(200, {"requests": requests, "blobs": blobs})

    def storage(self, parts, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        url = f"http://{self.headers['Host']}{self.path}"
        self.service.authenticate(self.command, url, headers)
        if self.service.max_body_size is not None and len(body) > self.service.max_body_size:
            raise Refusal(413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum limit.")
        if "content-md5" in headers and headers["content-md5"] != md5(body):
            raise Refusal(400, "Md5Mismatch", "The MD5 value specified did not match the value calculated.")
        _, account, container, *rest = parts.path.split("/", 3)
        query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        if account != ACCOUNT:
            raise Refusal(404, "ResourceNotFound", "no such account")
        if not rest:
            if self.command == "PUT" and query.get("restype") == "container":
                self.service.create_container(container)
                return self.answer(201)
            raise Refusal(405, "UnsupportedHttpVerb", "not here")
        name = urllib.parse.unquote(rest[0])
        if not name or len(name) > LONGEST_BLOB_NAME:
            raise Refusal(400, "InvalidResourceName", "The specified resource name is not valid.")
        with self.service.lock:
            getattr(self, self.command.lower())(container, name, query, headers, body)

    def put(self, container, name, query, headers, body):
        if query.get("comp") == "block":
            try:
                self.service.put_block(container, name, query["blockid"], body)
            except binascii.Error:
                raise Refusal(400, "InvalidQueryParameterValue", "blockid")
        elif query.get("comp") == "blocklist":
            self.service.put_block_list(container, name, headers, body)
        else:
            self.service.put_blob(container, name, headers, body)
        self.answer(201)

    def found(self, container, name):
        blobs = self.service.container(container)
        if name not in blobs:
            raise Refusal(404, "BlobNotFound", "The specified blob does not exist.")
        return blobs[name]

    @staticmethod
    def properties(blob):
        return [
            ("Content-Type", blob["type"]),
            ("x-ms-blob-type", "BlockBlob"),
            ("x-ms-meta-blocks", str(len(blob["blocks"]))),
            ("ETag", '"0x1"'),
            ("Last-Modified", email.utils.formatdate(usegmt=True)),
        ]

    def head(self, container, name, query, headers, body):
        blob = self.found(container, name)
        more = [("Content-MD5", blob["md5"]), ("Content-Length", str(len(blob["body"])))]
        self.answer(200, b"", self.properties(blob) + more)

    def get(self, container, name, query, headers, body):
        blob = self.found(container, name)
        content = blob["body"]
        if "x-ms-range" not in headers:
            return self.answer(200, content, self.properties(blob))
        first, _, last = headers.get("x-ms-range", "bytes=0-").removeprefix("bytes=").partition("-")
        first, last = int(first), min(int(last or len(content)), len(content) - 1)
        if not content:
            raise Refusal(416, "InvalidRange", "The range specified is invalid.")
        span = ("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.answer(206, content[first : last + 1], self.properties(blob) + [span])

    def delete(self, container, name, query, headers, body):
        self.found(container, name)
        del self.service.containers[container][name]
        self.answer(202)


def main():
    service = Service()
    Handler.service = service
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    print(
        json.dumps(
            {
                "port": server.server_address[1],
                "account": ACCOUNT,
                "key": service.key,
                "clientID": CLIENT_ID,
                "tenantID": TENANT_ID,
                "accountSAS": generate_account_sas(ACCOUNT, service.key, "sco", "rwdlac", soon),
                "containerSAS": generate_container_sas(ACCOUNT, "output", service.key, permission="rwc", expiry=soon),
                "readSAS": generate_account_sas(ACCOUNT, service.key, "sco", "r", soon),
                "endedSAS": generate_account_sas(ACCOUNT, service.key, "sco", "rwdlac", past),
            }
        ),
        flush=True,
    )
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
