"""A few lines of inotify(7) for the findings about it."""

import ctypes
import os
import struct

NAMES = {0x1: "ACCESS", 0x2: "MODIFY", 0x4: "ATTRIB", 0x8: "CLOSE_WRITE", 0x10: "CLOSE_NOWRITE", 0x20: "OPEN",
         0x40: "MOVED_FROM", 0x80: "MOVED_TO", 0x100: "CREATE", 0x200: "DELETE"}
ALL = sum(NAMES)
libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Watches one folder or file; `events()` gives what has happened since the last call, as "EVENT:name" words."""

    def __init__(self, path):
        self.descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0 or libc.inotify_add_watch(self.descriptor, os.fsencode(path), ALL) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def events(self):
        try:
            data = os.read(self.descriptor, 65536)
        except BlockingIOError:
            return "nothing"
        words = []
        while data:
            _, mask, _, length = struct.unpack_from("iIII", data)
            name = data[16:16 + length].rstrip(b"\0").decode()
            words += [event + (":" + name if name else "") for bit, event in NAMES.items() if mask & bit]
            data = data[16 + length:]
        return " ".join(words)
