"""Statement triggers that write one audit row for each changed row of a governed table."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations.operations import RunSQL

AUDIT_FUNCTION = """
CREATE OR REPLACE FUNCTION audit_write(
    object_type text, object_id text, object_name text, before jsonb, after jsonb, fallback text
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO audit_auditevent (
        at, actor_kind, actor_id, actor_name, actor_role, verb, object_type, object_id,
        object_name, before, after, reason, request_id, correlation_id, address, change_request_id)
    VALUES (
        clock_timestamp(),
        coalesce(nullif(current_setting('desk.actor_kind', true), ''), 'sql'),
        coalesce(nullif(current_setting('desk.actor_id', true), ''), session_user),
        coalesce(nullif(current_setting('desk.actor_name', true), ''), session_user),
        coalesce(current_setting('desk.actor_role', true), ''),
        coalesce(nullif(current_setting('desk.verb', true), ''), fallback),
        object_type, object_id, coalesce(object_name, ''), before, after,
        coalesce(current_setting('desk.reason', true), ''),
        coalesce(current_setting('desk.request_id', true), ''),
        pg_current_xact_id()::text,
        coalesce(current_setting('desk.address', true), ''),
        coalesce(current_setting('desk.change_request_id', true), ''))
$$;
"""


TRIGGERS = """
    CREATE TRIGGER TABLE_NAME_audit_insert AFTER INSERT ON TABLE_NAME
        REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION TABLE_NAME_audit();
    CREATE TRIGGER TABLE_NAME_audit_update AFTER UPDATE ON TABLE_NAME
        REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
        FOR EACH STATEMENT EXECUTE FUNCTION TABLE_NAME_audit();
    CREATE TRIGGER TABLE_NAME_audit_delete AFTER DELETE ON TABLE_NAME
        REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION TABLE_NAME_audit();
"""


def _mask(column: str) -> str:
    return (
        f" || CASE WHEN x ? '{column}' THEN '{{\"{column}\": \"[hidden]\"}}'::jsonb ELSE '{{}}' END"
    )


def govern(
    table: str,
    *,
    pk: str = "id",
    name: str = "",
    hide: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> RunSQL:
    """Return an operation after which every change of `table` leaves an audit row.

    `name` is the object's name; `hide` columns appear as "[hidden]"; a change of `ignore` columns
    alone writes no row. The functions look into `public` first, before any temporary table.
    """
    label = f"(coalesce(n.row->>'{name}', o.row->>'{name}'))" if name else "''"
    masks = "".join(map(_mask, hide))
    skip = "".join(f" - '{column}'" for column in ignore)
    undo = "".join(
        f"DROP TRIGGER IF EXISTS {table}_audit_{verb} ON {table};"
        for verb in ("insert", "update", "delete")
    )
    triggers = TRIGGERS.replace("TABLE_NAME", table)
    body = f"""
    CREATE OR REPLACE FUNCTION {table}_mask(x jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
        $$ SELECT CASE WHEN x IS NULL THEN NULL ELSE x{masks} END $$;
    CREATE OR REPLACE FUNCTION {table}_audit() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            PERFORM audit_write('{table}', n.row->>'{pk}', {label.replace("o.row", "n.row")},
                NULL, {table}_mask(n.row), 'insert')
            FROM (SELECT to_jsonb(t) AS row FROM new_rows t) n;
        ELSIF TG_OP = 'DELETE' THEN
            PERFORM audit_write('{table}', o.row->>'{pk}', {label.replace("n.row", "o.row")},
                {table}_mask(o.row), NULL, 'delete')
            FROM (SELECT to_jsonb(t) AS row FROM old_rows t) o;
        ELSE
            PERFORM audit_write('{table}', coalesce(n.row->>'{pk}', o.row->>'{pk}'), {label},
                {table}_mask(o.row), {table}_mask(n.row), 'update')
            FROM (SELECT to_jsonb(t) AS row FROM new_rows t) n
            FULL JOIN (SELECT to_jsonb(t) AS row FROM old_rows t) o
                ON n.row->>'{pk}' = o.row->>'{pk}'
            WHERE (n.row{skip}) IS DISTINCT FROM (o.row{skip});
        END IF;
        RETURN NULL;
    END
    $$;
    {undo}
    {triggers}
    """  # noqa: S608 - a migration's own table names
    return RunSQL(body, undo)
