"""Reads an object with google-cloud-storage: `google_read.py ENDPOINT BUCKET [KEY]`.

Prints its content type, a line feed, its bytes; without KEY the names of all objects as a JSON list. Exits with 3 where
there is none.
"""

import json
import os
import sys

NOT_THERE = 3
endpoint, bucket, *key = sys.argv[1:]
os.environ["STORAGE_EMULATOR_HOST"] = endpoint

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.exceptions import NotFound

client = storage.Client(project="project-1", credentials=AnonymousCredentials())
try:
    if key:
        # By its name alone: what the server says of an object leads through the door that asks for tokens.
        blob = client.bucket(bucket).blob(key[0])
        content = blob.download_as_bytes(checksum="crc32c")
        sys.stdout.buffer.write(blob.content_type.encode() + b"\n" + content)
    else:
        print(json.dumps([item.name for item in client.list_blobs(bucket)]))
except NotFound:
    sys.exit(NOT_THERE)
