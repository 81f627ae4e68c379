"""Reads an object with google-cloud-storage: `google_read.py ENDPOINT BUCKET KEY`.

Prints its content type, a line feed, its bytes. Exits with 3 where there is none.
"""

import os
import sys

NOT_THERE = 3
endpoint, bucket, key = sys.argv[1:]
os.environ["STORAGE_EMULATOR_HOST"] = endpoint

from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from google.cloud.exceptions import NotFound

client = storage.Client(project="project-1", credentials=AnonymousCredentials())
# By its name alone: what the server says of an object leads through the door that asks for tokens.
blob = client.bucket(bucket).blob(key)
try:
    content = blob.download_as_bytes(checksum="crc32c")
except NotFound:
    sys.exit(NOT_THERE)
sys.stdout.buffer.write(blob.content_type.encode() + b"\n" + content)
