"""Adjusting books needs a second person, too: the policies of its two kinds, in PostgreSQL."""

from django.db import migrations

from apps.approvals.domain.policies import POLICIES

FLOORS = ", ".join(
    f"('{kind}', {str(real).lower()}, {policy.approvals}, '[{', '.join(chr(34) + r + chr(34) for r in policy.roles)}]'::jsonb,"
    f" interval '{int(policy.expiry.total_seconds())} seconds')"
    for (kind, real), policy in sorted(POLICIES.items())
)

GUARD = f"""
CREATE OR REPLACE FUNCTION approvals_request_made() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'in_review' THEN
        RAISE EXCEPTION 'REQUEST_STARTS_IN_REVIEW state=%', NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.content_hash <> encode(sha256(convert_to(approvals_canonical(NEW.content), 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'CONTENT_HASH_WRONG request=%', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind = 'bot.promote' AND NEW.real_money <> (NEW.content->>'to_stage' IN ('small_capital', 'mainnet')) THEN
        RAISE EXCEPTION 'REAL_MONEY_WRONG request=%', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind LIKE 'reconciliation.%' AND NEW.real_money <> EXISTS (
        SELECT FROM venues_venueaccount a
        WHERE a.id::text = NEW.content->>'account_id' AND a.environment = 'live') THEN
        RAISE EXCEPTION 'REAL_MONEY_WRONG request=%', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM (VALUES {FLOORS}) AS p(kind, real_money, approvals, roles, expiry)
        WHERE p.kind = NEW.kind AND p.real_money = NEW.real_money
          AND NEW.approvals_needed >= p.approvals AND p.roles <@ NEW.roles_needed
          AND NEW.expires_at <= clock_timestamp() + p.expiry + interval '1 second') THEN
        RAISE EXCEPTION 'BELOW_POLICY request=% kind=%', NEW.number, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0003_guards"), ("venues", "0001_initial")]
    operations = [migrations.RunSQL(GUARD, migrations.RunSQL.noop)]
