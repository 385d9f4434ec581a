"""Backups are one instant, whole or not there; a restore brings it back and holds trading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

from apps.audit.models import AuditEvent
from apps.bots.actions.pause import pause
from apps.bots.models import Bot
from apps.core.actor import Actor
from apps.core.errors import DeskError
from apps.ops.actions.prune_backups import prune_backups
from apps.ops.actions.restore_backup import restore_backup
from apps.ops.actions.take_backup import row_counts, take_backup
from apps.ops.actions.verify_backup import verify_backup
from apps.ops.gateways import backup_folder, postgres_tools
from apps.risk.actions.permit import close_permits
from apps.risk.models import Restriction
from tests.conftest import NAMES
from tests.databases import HOME
from tests.factories import make_bot
from tradingdesk.embedded import admin_dsn

ACTOR = Actor.task("test")
pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "simulator"])


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.BACKUP_DIR = str(tmp_path / "backups")
    return tmp_path / "backups"


@pytest.fixture(autouse=True)
def alone(django_db_setup: object) -> None:
    """End what threads of earlier tests left connected: the desk is stopped when it is restored."""
    connections.close_all()
    close_permits()
    with psycopg.connect(admin_dsn(HOME), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE datname = %s",
            [NAMES.desk],
        )


def counts() -> dict[str, int]:
    with connections["owner"].cursor() as cursor:
        return row_counts(cursor)


def test_a_restore_brings_every_row_back_and_keeps_the_account_from_entering() -> None:
    bot = make_bot(state="running")
    before = counts()
    taken = take_backup(actor=ACTOR, reason="manual")
    pause(actor=ACTOR, bot_id=bot.id, reason="after the backup")
    make_bot()

    manifest, snapshot = restore_backup(actor=ACTOR, name=taken.name, reason="rehearsal")

    assert manifest.rows == before
    after = counts()
    # nothing but the restriction and the two audit rows that tell of the restore
    assert after.pop("risk_restriction") == before["risk_restriction"] + 1
    assert after.pop("audit_auditevent") == before["audit_auditevent"] + 2
    assert after == {k: n for k, n in before.items() if k in after}
    assert [b.state for b in Bot.objects.all()] == ["running"]
    held = Restriction.objects.get()
    assert (held.scope_id, held.state, held.code) == (
        str(bot.account_id), "reducing", "NOT_RECONCILED",
    )  # fmt: skip
    assert AuditEvent.objects.order_by("-seq")[0].verb == "backup.restore"
    assert snapshot.rows["bots_bot"] == 2, "the state before the restore is kept"
    assert backup_folder.names() == [snapshot.name, taken.name]


def test_no_table_is_held_while_pg_dump_waits_for_its_locks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who waits for a lock of ours would hold up pg_dump, for which we wait: a circle for ever."""
    held: list[str] = []
    dump = postgres_tools.dump

    def watched(**terms: Any) -> None:
        backend = connections["owner"].connection.info.backend_pid
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relation::regclass::text FROM pg_locks JOIN pg_class c ON c.oid = relation"
                " WHERE pid = %s AND relnamespace = 'public'::regnamespace",
                [backend],
            )
            held.extend(name for (name,) in cursor.fetchall())
        dump(**terms)

    monkeypatch.setattr(postgres_tools, "dump", watched)
    make_bot()
    assert take_backup(actor=ACTOR, reason="manual").rows == {
        **counts(), "audit_auditevent": counts()["audit_auditevent"] - 1,
    }  # fmt: skip
    assert held == []


def test_what_the_database_refuses_it_still_refuses_after_a_restore() -> None:
    make_bot()
    taken = take_backup(actor=ACTOR, reason="manual")
    restore_backup(actor=ACTOR, name=taken.name, reason="rehearsal")

    with pytest.raises(IntegrityError, match="APPEND_ONLY"), transaction.atomic(using="owner"):
        connections["owner"].cursor().execute("UPDATE audit_auditevent SET verb = 'x'")
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('desk_app', 'audit_auditevent', 'UPDATE')")
        assert cursor.fetchone() == (False,)
        cursor.execute("SELECT has_table_privilege('desk_app', 'bots_bot', 'UPDATE')")
        assert cursor.fetchone() == (True,)


def test_a_backup_is_proved_by_restoring_it_into_a_scratch_database() -> None:
    make_bot()
    taken = take_backup(actor=ACTOR, reason="manual")

    assert verify_backup(actor=ACTOR, name=taken.name) == taken
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE '%%_verify'")
        assert cursor.fetchone() == (0,)


def flip_a_byte(folder: Path) -> None:
    content = bytearray((folder / "desk.dump").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "desk.dump").write_bytes(content)


def cut_short(folder: Path) -> None:
    content = (folder / "desk.dump").read_bytes()
    (folder / "desk.dump").write_bytes(content[:-100])


def from_a_later_build(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["migrations"].append("orders.9999_later")
    (folder / "manifest.json").write_text(json.dumps(manifest))


def lie_about_the_rows(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["rows"]["bots_bot"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (flip_a_byte, "BACKUP_BROKEN"),
        (cut_short, "BACKUP_BROKEN"),
        (from_a_later_build, "BACKUP_TOO_NEW"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "BACKUP_BROKEN"),
    ],
    ids=["a flipped bit", "a cut file", "a later build", "a torn manifest"],
)
def test_a_backup_that_is_not_whole_is_refused_and_nothing_changes(
    folder: Path, harm: Callable[[Path], object], code: str
) -> None:
    make_bot()
    taken = take_backup(actor=ACTOR, reason="manual")
    harm(folder / taken.name)
    before = counts()

    with pytest.raises(DeskError) as refused:
        restore_backup(actor=ACTOR, name=taken.name, reason="rehearsal")

    assert refused.value.code == code
    assert counts() == before
    assert backup_folder.names() == [taken.name], "not even a snapshot was taken"


def test_a_manifest_that_counts_other_rows_is_found_out_by_the_proof(folder: Path) -> None:
    make_bot()
    taken = take_backup(actor=ACTOR, reason="manual")
    lie_about_the_rows(folder / taken.name)

    with pytest.raises(DeskError) as refused:
        verify_backup(actor=ACTOR, name=taken.name)

    assert (refused.value.code, refused.value.context) == (
        "BACKUP_BROKEN", {"table": "bots_bot", "expected": 2, "found": 1},
    )  # fmt: skip


def test_a_running_desk_is_not_restored_over(superuser_connection: object) -> None:
    taken = take_backup(actor=ACTOR, reason="manual")
    before = counts()
    with pytest.raises(DeskError) as refused:
        restore_backup(actor=ACTOR, name=taken.name, reason="rehearsal")
    assert refused.value.code == "DESK_IS_RUNNING"
    assert counts() == before


def test_a_failed_dump_leaves_no_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.ops.gateways.postgres_tools.postgres_program", lambda _: "/bin/false")
    with pytest.raises(DeskError) as failed:
        take_backup(actor=ACTOR, reason="manual")
    assert failed.value.code == "DATABASE_TOOL_FAILED"
    assert list(folder.iterdir()) == []
    assert not AuditEvent.objects.filter(verb="backup.take").exists()


def test_the_newest_of_each_reason_are_kept() -> None:
    first = take_backup(actor=ACTOR, reason="daily")
    manual = take_backup(actor=ACTOR, reason="manual")
    second = take_backup(actor=ACTOR, reason="daily")

    assert prune_backups(keep=1) == [first.name]
    assert backup_folder.names() == [second.name, manual.name]


def test_commands_say_what_they_did_and_refuse_odd_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call_command("backup", "take", "--reason", "before-upgrade", "--if-migrations-wait")
    assert backup_folder.names() == [], "no migration waits"
    call_command("backup", "take", "--json")
    (taken,) = json.loads(capsys.readouterr().out)["backups"]
    with pytest.raises(CommandError, match="BACKUP_REASON"):
        call_command("backup", "take", "--reason", "../../etc")
    with pytest.raises(CommandError, match="NO_SUCH_BACKUP"):
        call_command("restore", "../../etc", "--reason", "x", "--yes")
    call_command("restore", taken["name"], "--reason", "rehearsal", "--yes")
    assert f"Restored {taken['name']}" in capsys.readouterr().out
