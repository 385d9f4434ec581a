"""Lifecycle and configs as PostgreSQL sees them; the partitioned cycle table."""

from django.db import migrations

from apps.audit.sql import govern
from apps.bots.domain.lifecycle import STEPS
from apps.core.sql import append_only, transitions

CYCLES = """
CREATE TABLE bots_cycle (
    bot_id uuid NOT NULL,
    scheduled_for timestamptz NOT NULL,
    config_id uuid NOT NULL,
    status varchar(8) NOT NULL CHECK (status IN ('open', 'done', 'failed')),
    outcome varchar(48) NOT NULL DEFAULT '',
    seen jsonb,
    wanted jsonb,
    codes jsonb,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (bot_id, scheduled_for),
    CHECK ((status = 'open') = (closed_at IS NULL))
) PARTITION BY RANGE (scheduled_for);
CREATE TABLE bots_cycle_rest PARTITION OF bots_cycle DEFAULT;
CREATE INDEX bots_cycle_open ON bots_cycle (scheduled_for) WHERE status = 'open';
CREATE INDEX bots_cycle_day ON bots_cycle (scheduled_for DESC);
CREATE FUNCTION bots_cycle_partition(day date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE name text := 'bots_cycle_' || to_char(day, 'YYYYMMDD');
BEGIN
    IF to_regclass(name) IS NOT NULL
        OR EXISTS (SELECT FROM bots_cycle_rest WHERE scheduled_for >= day AND scheduled_for < day + 1) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I PARTITION OF bots_cycle FOR VALUES FROM (%L) TO (%L)',
        name, day::timestamp AT TIME ZONE 'UTC', (day + 1)::timestamp AT TIME ZONE 'UTC');
    RETURN true;
END
$$;
CREATE FUNCTION bots_cycle_drop_before(day date) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public AS $$
DECLARE part record; dropped integer := 0;
BEGIN
    IF day > current_date - 7 THEN
        RAISE EXCEPTION 'DECISIONS_KEPT_SEVEN_DAYS day=%', day;
    END IF;
    FOR part IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'bots_cycle'::regclass AND c.relname ~ '^bots_cycle_[0-9]{8}$'
          AND c.relname < 'bots_cycle_' || to_char(day, 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE %I', part.relname);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
GRANT EXECUTE ON FUNCTION bots_cycle_partition(date), bots_cycle_drop_before(date) TO desk_app;
"""
STAGES = """
CREATE FUNCTION bots_account_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state NOT IN ('draft', 'stopped') OR EXISTS (
        SELECT FROM bots_botconfig c WHERE c.bot_id = OLD.id) AND OLD.stage = NEW.stage THEN
        RAISE EXCEPTION 'ACCOUNT_FIXED bot=% state=%', OLD.slug, OLD.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER bots_account_fixed BEFORE UPDATE OF account_id ON bots_bot FOR EACH ROW
    WHEN (OLD.account_id IS DISTINCT FROM NEW.account_id) EXECUTE FUNCTION bots_account_fixed();
REVOKE DELETE, TRUNCATE ON bots_bot FROM desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bots", "0001_initial"),
        ("audit", "0002_append_only"),
        ("accounts", "0002_governed"),
    ]
    operations = [
        migrations.RunSQL(CYCLES, "DROP TABLE bots_cycle;"),
        migrations.RunSQL(STAGES, migrations.RunSQL.noop),
        transitions("bots_bot", "state", STEPS),
        append_only("bots_botconfig"),
        append_only("bots_botconfiginstrument"),
        govern("bots_bot", name="slug"),
        govern("bots_botconfig"),
        govern("bots_botconfiginstrument"),
    ]
