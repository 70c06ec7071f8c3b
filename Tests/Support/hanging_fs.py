#!/usr/bin/python3
"""A file system that stops answering: FOLDER shows FILE under three names until the file SWITCH exists; from then on no question is answered.

    hanging_fs.py FOLDER FILE SWITCH        needs Debian's python3-fusepy and /dev/fuse; says "mounted" when it is
"""

import errno
import os
import stat
import sys
import time

import fusepy as fuse  # as Debian names it

FOLDER, FILE, SWITCH = sys.argv[1:]
NAMES = ["a.wav", "b.wav", "c.wav"]


class Hanging(fuse.Operations):
    def _answer(self):
        while os.path.exists(SWITCH):
            time.sleep(0.1)

    def init(self, path):
        print("mounted", flush=True)

    def getattr(self, path, handle=None):
        self._answer()
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, "st_uid": os.getuid(), "st_gid": os.getgid()}
        if path[1:] not in NAMES:
            raise fuse.FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": os.path.getsize(FILE), "st_uid": os.getuid(), "st_gid": os.getgid()}

    def readdir(self, path, handle):
        self._answer()
        return [".", ".."] + NAMES

    def open(self, path, flags):
        self._answer()
        return os.open(FILE, os.O_RDONLY)

    def read(self, path, size, offset, handle):
        self._answer()
        return os.pread(handle, size, offset)


# Nothing is kept by the kernel: each question comes here.
fuse.FUSE(Hanging(), FOLDER, foreground=True, attr_timeout=0, entry_timeout=0, direct_io=True)
