"""Advisory file locks: the kernel drops them with their holder, even after kill -9."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Self


class FileLock:
    """An flock on one file; never inherited by programs that this process starts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: int | None = None

    def take(self, *, shared: bool = False, wait_seconds: float | None = None) -> bool:
        """Take the lock, waiting at most ``wait_seconds`` (None: for ever); say whether it is ours."""
        if self._handle is None:
            self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        if wait_seconds is None:
            fcntl.flock(self._handle, kind)
            return True
        deadline = time.monotonic() + wait_seconds
        while True:
            try:
                fcntl.flock(self._handle, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.05)
            else:
                return True

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
