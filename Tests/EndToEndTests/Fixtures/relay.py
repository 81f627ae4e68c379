#!/usr/bin/python3
"""Passes connections on to a port of 127.0.0.1, from an address of the loopback, and takes TLS off where there is a
certificate.

    relay.py ADDRESS PORT [CERTIFICATE_AND_KEY]

The first line of standard output is the port on which it listens. Runs until it is killed.
"""

import asyncio
import ssl
import sys


async def copy(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one side is gone; so is the other, then
    finally:
        writer.close()


async def main(address, port, *certificate):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)

    async def accept(reader, writer):
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", int(port))
        await asyncio.gather(copy(reader, to_writer), copy(to_reader, writer))

    server = await asyncio.start_server(accept, address, 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
