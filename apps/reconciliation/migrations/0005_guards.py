"""What happened to a case is never rewritten; books are adjusted only under an approved request."""

from django.db import migrations

from apps.core.sql import append_only

GUARD = """
CREATE FUNCTION reconciliation_adjustment_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM approvals_changerequest r
        WHERE r.id::text = nullif(current_setting('desk.change_request_id', true), '')
          AND r.kind = 'reconciliation.write_off' AND r.state = 'applying'
          AND r.content->>'account_id' = NEW.account_id::text
    ) THEN
        RAISE EXCEPTION 'REQUIRES_CHANGE_REQUEST kind=reconciliation.write_off account=%', NEW.account_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER reconciliation_adjustment_guard BEFORE INSERT ON portfolio_journalentry
    FOR EACH ROW WHEN (NEW.kind = 'adjustment') EXECUTE FUNCTION reconciliation_adjustment_guard();
"""
UNDO = """
DROP TRIGGER reconciliation_adjustment_guard ON portfolio_journalentry;
DROP FUNCTION reconciliation_adjustment_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("reconciliation", "0004_reports_and_marks"),
        ("portfolio", "0004_orders_and_perpetuals"),
        ("approvals", "0003_guards"),
    ]
    operations = [
        append_only("reconciliation_caseevent"),
        migrations.RunSQL(GUARD, UNDO),
    ]
