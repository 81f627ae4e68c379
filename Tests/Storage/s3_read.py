"""Reads an object with boto3: prints its content type on one line, then its bytes.

Usage: s3_read.py ENDPOINT KEY_ID SECRET BUCKET KEY
"""

import sys

import boto3
from botocore.config import Config

endpoint, key_id, secret, bucket, key = sys.argv[1:]
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id=key_id,
    aws_secret_access_key=secret,
    config=Config(s3={"addressing_style": "path"}),
)
answer = s3.get_object(Bucket=bucket, Key=key)
sys.stdout.buffer.write(answer["ContentType"].encode() + b"\n" + answer["Body"].read())
