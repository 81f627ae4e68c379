"""Reads an object with boto3: `s3_read.py ENDPOINT KEY_ID SECRET BUCKET [KEY]`.

Prints what is known of it as a JSON object, a line feed, its bytes; without KEY the keys of all objects as a JSON list.
Exits with 3 where there is none.
"""

import json
import sys

import boto3
from botocore.config import Config

NOT_THERE = 3
endpoint, key_id, secret, bucket, *key = sys.argv[1:]
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id=key_id,
    aws_secret_access_key=secret,
    config=Config(s3={"addressing_style": "path"}),
)
try:
    if key:
        answer = s3.get_object(Bucket=bucket, Key=key[0])
        facts = {
            "contentType": answer["ContentType"],
            "encryption": answer.get("ServerSideEncryption"),
            "kmsKeyID": answer.get("SSEKMSKeyId"),
        }
        sys.stdout.buffer.write(json.dumps(facts).encode() + b"\n" + answer["Body"].read())
    else:
        found = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        print(json.dumps([item["Key"] for item in found]))
except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket):
    sys.exit(NOT_THERE)
