"""The desk's database roles: who owns, who runs, who reads."""

from django.db import migrations

ROLES = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'desk_app') THEN
        CREATE ROLE desk_app NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'desk_audit') THEN
        CREATE ROLE desk_audit NOLOGIN;
    END IF;
    IF NOT pg_has_role(current_user, 'desk_app', 'MEMBER') THEN
        EXECUTE format('GRANT desk_app TO %I', current_user);
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'desk roles must be granted by a database administrator: %', SQLERRM;
END
$$;
GRANT USAGE ON SCHEMA public TO desk_app, desk_audit;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO desk_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO desk_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO desk_audit;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO desk_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO desk_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO desk_audit;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(ROLES, migrations.RunSQL.noop)]
