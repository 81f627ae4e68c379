#!/usr/bin/python3
"""A name server on a loopback address of its own, port 53, over UDP and TCP.

    name_server.py ZONE LOG

ZONE is a JSON object: name → a list of addresses, or one of "no data", "server failure" and "silence"; or an object with
one of these for each type of address, "A" and "AAAA". All other names do not exist. An answer that is longer than UDP may carry is truncated. LOG gets one line for each question: transport,
name and type. The first line of standard output is the server's address. Runs until it is killed.
"""

import errno
import ipaddress
import json
import random
import socket
import struct
import sys
import threading

TYPES = {"A": 1, "AAAA": 28}
MAX_UDP_BYTES = 512  # RFC 1035; nobody here speaks of more (EDNS)
CODES = {"no data": 0, "server failure": 2, "no such name": 3}
TRUNCATED = 0x0200


def question(message):
    """The name, the type's number and the bytes of the first question."""
    labels, place = [], 12
    while message[place]:
        labels.append(message[place + 1:place + 1 + message[place]].decode())
        place += 1 + message[place]
    return ".".join(labels), struct.unpack_from(">H", message, place + 1)[0], message[12:place + 5]


def answer(zone, message, log, transport):
    """What to send, or None."""
    name, kind, asked = question(message)
    text = {number: text for text, number in TYPES.items()}.get(kind, str(kind))
    log.write("%s %s %s\n" % (transport, name, text))
    log.flush()
    entry = zone.get(name.lower(), "no such name")
    if isinstance(entry, dict):
        entry = entry.get(text, "no data")
    if entry == "silence":
        return None
    records = []
    for address in map(ipaddress.ip_address, entry if isinstance(entry, list) else []):
        if kind == TYPES["A" if address.version == 4 else "AAAA"]:
            data = address.packed
            records.append(struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(data)) + data)
    flags = 0x8180  # an answer; recursion is wanted and offered
    if isinstance(entry, str):
        flags |= CODES[entry]
    if transport == "udp" and 12 + len(asked) + sum(map(len, records)) > MAX_UDP_BYTES:
        flags |= TRUNCATED
        records = []
    head = message[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
    return head + asked + b"".join(records)


def serve_udp(server, zone, log):
    while True:
        message, sender = server.recvfrom(4096)
        reply = answer(zone, message, log, "udp")
        if reply is not None:
            server.sendto(reply, sender)


def serve_tcp(server, zone, log):
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rb") as stream:
            while length := stream.read(2):
                reply = answer(zone, stream.read(*struct.unpack(">H", length)), log, "tcp")
                if reply is not None:
                    connection.sendall(struct.pack(">H", len(reply)) + reply)


def open_sockets():
    """Both sockets, on an address that nobody else has."""
    while True:
        address = "127.%d.%d.%d" % tuple(random.randint(1, 254) for _ in range(3))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            udp.bind((address, 53))
            tcp.bind((address, 53))
            tcp.listen()
            return address, udp, tcp
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        zone = json.load(file)
    log = open(sys.argv[2], "a", encoding="utf-8")
    address, udp, tcp = open_sockets()
    threading.Thread(target=serve_udp, args=(udp, zone, log), daemon=True).start()
    print(address, flush=True)
    serve_tcp(tcp, zone, log)


main()
