"""A limit is raised only under an approved request that names it; PostgreSQL says so too."""

from decimal import Decimal

from django.db import migrations

from apps.risk.domain.defaults import ALWAYS

DEFAULTS = ", ".join(f"('{name}', {Decimal(value)})" for name, value in sorted(ALWAYS.items()))
GUARD = f"""
ALTER TABLE risk_limit ADD CONSTRAINT limit_is_a_number CHECK (value <> 'NaN'::numeric);
CREATE FUNCTION risk_limit_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE before numeric; request text;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'LIMIT_KEPT name=%', OLD.name USING ERRCODE = 'integrity_constraint_violation';
    ELSIF TG_OP = 'UPDATE' THEN
        IF (OLD.scope_kind, OLD.scope_id, OLD.name) IS DISTINCT FROM (NEW.scope_kind, NEW.scope_id, NEW.name) THEN
            RAISE EXCEPTION 'LIMIT_SCOPE_FIXED name=%', OLD.name
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        before := OLD.value;
    ELSE
        SELECT d.value INTO before FROM (VALUES {DEFAULTS}) d(name, value) WHERE d.name = NEW.name;
    END IF;
    IF before IS NULL OR NEW.value <= before THEN
        RETURN NEW;
    END IF;
    request := nullif(current_setting('desk.change_request_id', true), '');
    IF NOT EXISTS (
        SELECT FROM approvals_changerequest r
        WHERE r.id::text = request AND r.kind = 'limit.raise' AND r.state = 'applying'
          AND r.content->>'scope_kind' = NEW.scope_kind AND r.content->>'scope_id' = NEW.scope_id
          AND r.content->>'name' = NEW.name AND (r.content->>'value')::numeric = NEW.value
    ) THEN
        RAISE EXCEPTION 'REQUIRES_CHANGE_REQUEST limit=% from=% to=%', NEW.name, before, NEW.value
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER risk_limit_guard BEFORE INSERT OR UPDATE OR DELETE ON risk_limit
    FOR EACH ROW EXECUTE FUNCTION risk_limit_guard();
"""
UNDO = """
DROP TRIGGER risk_limit_guard ON risk_limit;
DROP FUNCTION risk_limit_guard();
ALTER TABLE risk_limit DROP CONSTRAINT limit_is_a_number;
"""


class Migration(migrations.Migration):
    dependencies = [("risk", "0002_governed"), ("approvals", "0002_governed")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
