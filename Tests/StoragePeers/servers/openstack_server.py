"""OpenStack Swift with its S3 interface, whole, on free ports of the loopback: proxy, account, container, object server.

    openstack_server.py [REGION]

Prints one line of JSON: the port, the region, and the key and secret of a user who may do everything. Ends when its
standard input does. All four servers run in this process, each behind a socket of its own, as they would apart; there
is one device, one replica, no memcached and no other daemon.

Stricter than moto: it compares signatures, hashes and checksums of bodies, sizes of parts and times, and demands that
a request is signed for its region.
"""

import json
import os
import shutil
import sys
import tempfile
import threading

import eventlet
import eventlet.patcher

USER, SECRET = "test:tester", "testing"

SERVER = """
[DEFAULT]
devices = {folder}/devices
swift_dir = {folder}
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

PROXY = """
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors proxy-logging listing_formats bulk s3api tempauth slo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:s3api]
use = egg:swift#s3api
location = {region}
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
"""

CLUSTER = """
[swift-hash]
swift_hash_path_suffix = s
swift_hash_path_prefix = p
[storage-policy:0]
name = gold
default = yes
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def ring(folder, kind, port):
    """Tells the proxy where the only server of a kind is."""
    from swift.common.ring import RingBuilder

    builder = RingBuilder(part_power=1, replicas=1, min_part_hours=0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "d1", "weight": 1.0})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, f"{kind}.ring.gz"))


def serve(conf, kind, socket):
    """As swift.common.wsgi.run_server, which would give each server a loop of its own."""
    from eventlet import wsgi
    from swift.common.http_protocol import SwiftHttpProtocol
    from swift.common.utils import NullLogger
    from swift.common.wsgi import loadapp

    app = loadapp(conf, global_conf={"log_name": f"{kind}-server"})
    options = {"protocol": SwiftHttpProtocol, "capitalize_response_headers": False, "url_length_limit": 8192}
    eventlet.spawn(wsgi.server, socket, app, NullLogger(), **options)


def main(region, folder):
    from swift.common import storage_policy, utils

    os.makedirs(os.path.join(folder, "devices", "d1"))
    write(folder, "swift.conf", CLUSTER)
    utils.set_swift_dir(folder)
    utils.validate_hash_conf()
    storage_policy.reload_storage_policies()
    for kind in ("account", "container", "object"):
        socket = eventlet.listen(("127.0.0.1", 0))
        ring(folder, kind, socket.getsockname()[1])
        serve(write(folder, f"{kind}-server.conf", SERVER.format(folder=folder, kind=kind)), kind, socket)
    socket = eventlet.listen(("127.0.0.1", 0))
    serve(write(folder, "proxy-server.conf", PROXY.format(folder=folder, region=region)), "proxy", socket)
    facts = {"port": socket.getsockname()[1], "region": region, "owner": {"key": USER, "secret": SECRET}}
    print(json.dumps(facts), flush=True)


def end_with_input(folder):
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    place = tempfile.mkdtemp(prefix="openstack-")
    # A thread of the system's, started before eventlet replaces what threads are.
    threading.Thread(target=end_with_input, args=(place,), daemon=True).start()
    eventlet.monkey_patch()
    main(sys.argv[1] if len(sys.argv) > 1 else "us-east-1", place)
    while True:
        eventlet.sleep(3600)
