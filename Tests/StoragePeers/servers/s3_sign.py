"""Requests as botocore makes and signs them: `s3_sign.py SEED COUNT`.

Prints a JSON list of random requests, the same for a seed: what was asked for (bucket, key, region …), and what
botocore would have sent: method, URL, header fields, the query's names and values not encoded. Nothing is sent.
"""

import base64
import datetime
import hashlib
import json
import random
import string
import sys
import urllib.parse

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.config import Config

REGIONS = ["us-east-1", "eu-west-3", "ap-southeast-2", "cn-north-1"]
ENDPOINTS = [None, "http://minio:9000", "https://store.example.com", "http://127.0.0.1:9000"]
BUCKETS = ["output", "a-b-c-1", "airbyte-storage", "x9z"]
#: What keys, parameters and fields are made of: what has a meaning in URLs or signatures, and letters of all lengths.
PIECES = list("/+ %&=?#~*'()!@:;,$[]{}|\\^`\"<>-_.") + [
    "%2F", "%20", "//", "  ", "..", "./", "a", "Z", "0", "ä", "ß", "é", "e\u0301", "日本", "🚀", "\u00a0", "\u2028",
    "workload/output/", "job-logging", ".json",
]  # fmt: skip
PLAIN = string.ascii_letters + string.digits + " -_./=:;,+&%'\"()<>@!*~"


class Oracle:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.session = botocore.session.get_session()
        self.clients = {}

    def text(self, longest, pieces=PIECES):
        return "".join(self.random.choices(pieces, k=self.random.randint(1, longest)))

    def client(self, region, endpoint, style, token):
        """One of a few: each takes a while to be made."""
        name = region, endpoint, style, token
        if name not in self.clients:
            s3 = {"addressing_style": style, "payload_signing_enabled": True, "us_east_1_regional_endpoint": "regional"}
            client = self.session.create_client(
                "s3", region_name=region, endpoint_url=endpoint, aws_access_key_id="AKIDEXAMPLE",
                aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", aws_session_token=token,
                config=Config(s3=s3, request_checksum_calculation="when_required", retries={"max_attempts": 0}),
            )  # fmt: skip
            client.meta.events.register("before-send.s3", self.catch)
            self.clients[name] = client
        return self.clients[name]

    def catch(self, request, **_):
        self.caught = request
        return AWSResponse(request.url, 200, {"ETag": "x"}, Raw())

    def request(self):
        endpoint = self.random.choice(ENDPOINTS)
        # What a name before an address would mean, nobody knows.
        style = "path" if endpoint and "127.0.0.1" in endpoint else self.random.choice(["path", "virtual"])
        region = self.random.choice(REGIONS)
        token = self.random.choice([None, "FwoGZXIvYXdzEXAMPLE//token+with=signs=="])
        now = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=self.random.randrange(10**8))
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: now
        asked = {
            "bucket": self.random.choice(BUCKETS), "key": self.text(12), "region": region, "endpoint": endpoint,
            "isPathStyle": style == "path", "token": token,
            "body": self.text(20) if self.random.random() < 0.8 else "",
        }  # fmt: skip
        asked["kind"] = self.perform(self.client(region, endpoint, style, token), asked)
        sent = self.caught
        query = urllib.parse.urlsplit(sent.url).query
        fields = {name: text(value) for name, value in sent.headers.items()}
        return asked | {
            "milliseconds": int((now - datetime.datetime(1970, 1, 1)).total_seconds() * 1000),
            "method": sent.method, "url": sent.url, "fields": fields,
            "query": [list(pair) for pair in urllib.parse.parse_qsl(query, keep_blank_values=True)],
        }  # fmt: skip

    def perform(self, client, asked):
        place = {"Bucket": asked["bucket"], "Key": asked["key"]}
        kind = self.random.choice(["put", "put", "part", "begin", "get", "head", "abort", "list", "copy"])
        if kind == "put":
            # With exactly the fields that the program sends.
            body = asked["body"].encode()
            md5 = {"ContentMD5": base64.b64encode(hashlib.md5(body).digest()).decode()} if body else {}
            client.put_object(**place, Body=body, ContentType="application/json", **md5)
        elif kind == "part":
            client.upload_part(**place, PartNumber=self.random.randint(1, 10000), UploadId=self.text(8), Body=b"x")
        elif kind == "begin":
            metadata = {f"name-{number}": self.text(20, PLAIN).strip() or "x" for number in range(3)}
            client.create_multipart_upload(**place, Metadata=metadata)
        elif kind == "get":
            client.get_object(**place, ResponseContentType=self.text(6), ResponseCacheControl=self.text(6))
        elif kind == "head":
            client.head_object(**place, VersionId=self.text(6), IfMatch=self.text(12, PLAIN).strip() or "x")
        elif kind == "abort":
            client.abort_multipart_upload(**place, UploadId=self.text(8))
        elif kind == "list":
            asked["key"] = None
            client.list_objects_v2(
                Bucket=asked["bucket"], Prefix=self.text(8), Delimiter=self.text(2), StartAfter=self.text(8)
            )
        else:
            client.put_object(**place, Body=b"", Tagging=self.text(8, PLAIN).strip() or "x", CacheControl="a  b   c")
        return kind


class Raw:
    """An answer without a body."""

    def stream(self, *_, **__):
        return iter([b""])

    def read(self, *_):
        return b""


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def main():
    oracle = Oracle(int(sys.argv[1]))
    print(json.dumps([oracle.request() for _ in range(int(sys.argv[2]))]))


main()
