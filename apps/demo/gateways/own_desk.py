"""A whole desk below another folder, for one replay: started, driven and stopped as processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings

from apps.core.errors import DeskError
from apps.demo.domain.plan import ReplayPlan

START_SECONDS = 180.0
STOP_SECONDS = 40.0
# What a parent desk may have set and the replay's desk must find for itself.
INHERITED = (
    "DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_AUDIT_URL", "SIMULATOR_DATABASE_URL", "REDIS_URL",
    "DATABASE_URL_FILE", "DATABASE_OWNER_URL_FILE", "SIMULATOR_DATABASE_URL_FILE", "REDIS_URL_FILE",
    "DESK_EMBEDDED", "SIMULATOR_URL", "SENTRY_DSN", "SECRET_KEY", "DESK_KEYRING", "DESK_MARK_KEY",
    "SIMULATOR_TOKEN", "DESK_GENERATED_SECRETS",
)  # fmt: skip


class ReplayFailed(DeskError):
    """The replay's desk did not start, or its driver ended without a result."""

    default_code = "REPLAY_FAILED"
    status = 500


def free_port() -> int:
    """Return a loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OwnDesk:
    """Owns one supervisor process and everything below it."""

    def __init__(self, *, home: Path, plan: ReplayPlan) -> None:
        self.home = home
        self.plan_file = home / "plan.json"
        self.plan_file.write_text(json.dumps(plan.as_json()))
        self.environment = {k: v for k, v in os.environ.items() if k not in INHERITED} | {
            "DESK_HOME": str(home),
            "PORT": str(free_port()),
            "SIMULATOR_PORT": str(free_port()),
            "SIMULATOR_MARKET": "none",
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
            "DESK_REPLAY_PLAN": str(self.plan_file),
            "REDIS_PREFIX": f"replay-{home.name}",
        }
        self._supervisor: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the desk and wait until it is ready.

        :raises ReplayFailed: with the supervisor's last words.
        """
        console = self.home / "console.log"
        with console.open("ab") as log:
            self._supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "desk"],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._supervisor.poll() is None:
            if self.state() == "ready":
                return
            time.sleep(0.1)
        raise ReplayFailed("REPLAY_DID_NOT_START", console=console.read_text()[-1500:])

    def state(self) -> str:
        """Return the supervisor's own word: starting, ready, stopping, or nothing yet."""
        try:
            return str(json.loads((self.home / "run" / "desk.json").read_text())["state"])
        except (OSError, ValueError, KeyError):
            return ""

    def drive(self, *, report: Path) -> dict[str, Any]:
        """Run the lock-step driver beside the desk and return its summary.

        :raises ReplayFailed: when it ended without one.
        """
        driver = subprocess.run(
            [
                sys.executable,
                "manage.py",
                "lockstep",
                "--plan",
                str(self.plan_file),
                "--report",
                str(report),
            ],
            cwd=settings.BASE_DIR,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        if driver.returncode:
            raise ReplayFailed("REPLAY_DRIVER_FAILED", returncode=driver.returncode)
        summary: dict[str, Any] = json.loads(driver.stdout.splitlines()[-1])
        return summary

    def stop(self) -> None:
        """Stop the desk and wait for its processes; a second call does nothing."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None or supervisor.poll() is not None:
            return
        supervisor.send_signal(signal.SIGINT)
        try:
            supervisor.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
