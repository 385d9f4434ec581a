"""Venue and environment are fixed; a rehearsal desk has no live account."""

from django.db import migrations

from apps.audit.sql import govern

FIXED = """
CREATE FUNCTION venues_account_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.venue, OLD.environment) IS DISTINCT FROM (NEW.venue, NEW.environment) THEN
        RAISE EXCEPTION 'ENVIRONMENT_FIXED account=%', OLD.slug USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.environment = 'live' AND (SELECT rehearsal FROM accounts_desk WHERE id = 1) THEN
        RAISE EXCEPTION 'REHEARSAL_NO_LIVE_ACCOUNT account=%', NEW.slug
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER venues_account_fixed BEFORE INSERT OR UPDATE ON venues_venueaccount
    FOR EACH ROW EXECUTE FUNCTION venues_account_fixed();
REVOKE DELETE, TRUNCATE ON venues_venueaccount FROM desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("venues", "0001_initial"),
        ("accounts", "0002_governed"),
        ("audit", "0002_append_only"),
    ]
    operations = [
        migrations.RunSQL(FIXED, migrations.RunSQL.noop),
        govern("venues_venueaccount", name="slug", hide=["api_key_sealed", "api_secret_sealed"]),
    ]
