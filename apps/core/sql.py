"""Migration operations for what only PostgreSQL can refuse."""

from __future__ import annotations

from django.db.migrations.operations import RunSQL

APPEND_ONLY_FUNCTION = """
CREATE OR REPLACE FUNCTION core_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'APPEND_ONLY table=% operation=%', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
"""


def append_only(table: str) -> RunSQL:
    """Return an operation after which `table` refuses UPDATE, DELETE and TRUNCATE."""
    return RunSQL(
        f"""{APPEND_ONLY_FUNCTION}
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION core_append_only();
        REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM desk_app;
        """,
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


def transitions(table: str, column: str, steps: dict[str, frozenset[str]]) -> RunSQL:
    """Return an operation after which `column` of `table` moves only along `steps`.

    `steps` maps each state to the states that may follow it; staying is always allowed.
    """
    pairs = ", ".join(
        f"('{before}', '{after}')" for before, afters in sorted(steps.items()) for after in sorted(afters)
    ) or "('', '')"  # fmt: skip
    function = f"{table}_{column}_step"
    return RunSQL(
        f"""
        CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (OLD.{column}, NEW.{column}) NOT IN ({pairs}) THEN
                RAISE EXCEPTION 'ILLEGAL_STEP table={table} from=% to=%', OLD.{column}, NEW.{column}
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END
        $$;
        DROP TRIGGER IF EXISTS {function} ON {table};
        CREATE TRIGGER {function} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW
            WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION {function}();
        """,
        f"DROP TRIGGER {function} ON {table}; DROP FUNCTION {function}();",
    )
