"""Audit of people; exclusive roles; the identity row of the desk."""

from django.db import migrations

from apps.accounts.domain.roles import EXCLUSIVE_ROLES
from apps.audit.sql import govern

NAMES = ", ".join(f"'{name}'" for name in sorted(EXCLUSIVE_ROLES))
EXCLUSIVE = f"""
CREATE FUNCTION accounts_exclusive_roles() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE other text;
BEGIN
    PERFORM 1 FROM accounts_user WHERE id = NEW.user_id FOR UPDATE;
    SELECT g.name INTO other
    FROM accounts_user_groups m JOIN auth_group g ON g.id = m.group_id
    WHERE m.user_id = NEW.user_id AND g.id <> NEW.group_id AND g.name IN ({NAMES})
      AND EXISTS (SELECT FROM auth_group n WHERE n.id = NEW.group_id AND n.name IN ({NAMES}))
    LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION 'ROLES_EXCLUDE_EACH_OTHER has=%', other
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER accounts_exclusive_roles BEFORE INSERT OR UPDATE ON accounts_user_groups
    FOR EACH ROW EXECUTE FUNCTION accounts_exclusive_roles();
"""
IDENTITY = """
INSERT INTO accounts_desk (id, rehearsal, created_at) VALUES (1, false, now());
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON accounts_desk FROM desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("audit", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [
        migrations.RunSQL(EXCLUSIVE, migrations.RunSQL.noop),
        migrations.RunSQL(IDENTITY, migrations.RunSQL.noop),
        govern("accounts_user", name="username", hide=["password"], ignore=["last_login"]),
        govern("accounts_user_groups"),
        govern("accounts_user_user_permissions"),
        govern(
            "accounts_apitoken",
            pk="digest",
            name="name",
            hide=["digest", "token_key"],
            ignore=["last_used_at"],
        ),
        govern("accounts_desk"),
    ]
