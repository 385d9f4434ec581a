"""Tie the life of a process to that of the process that started it (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(sign: int = signal.SIGKILL) -> None:
    """Ask the kernel to send ``sign`` to this process as soon as its parent is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(sign), 0, 0, 0)


def bound_to_parent(sign: int = signal.SIGKILL) -> Callable[[], None]:
    """Return a ``preexec_fn`` that binds the child to the process calling this now.

    A parent that dies between fork and prctl would never signal the child, so the child looks.
    """
    parent = os.getpid()

    def bind() -> None:
        die_with_parent(sign)
        if os.getppid() != parent:
            os._exit(1)

    return bind
