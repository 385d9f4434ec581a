"""States move along the table; votes and edits are never changed."""

from django.db import migrations

from apps.approvals.domain.states import STEPS
from apps.audit.sql import govern
from apps.core.sql import append_only, transitions

CONTENT = """
CREATE FUNCTION approvals_content_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'CONTENT_FROZEN request=%', OLD.number
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER approvals_content_frozen
    BEFORE UPDATE OF id, number, kind, subject_type, subject_id, content, content_hash, real_money,
        approvals_needed, roles_needed, requested_by_id, created_at, expires_at
    ON approvals_changerequest FOR EACH ROW
    WHEN ((OLD.id, OLD.number, OLD.kind, OLD.subject_type, OLD.subject_id, OLD.content, OLD.content_hash,
           OLD.real_money, OLD.approvals_needed, OLD.roles_needed, OLD.requested_by_id, OLD.created_at,
           OLD.expires_at)
       IS DISTINCT FROM
          (NEW.id, NEW.number, NEW.kind, NEW.subject_type, NEW.subject_id, NEW.content, NEW.content_hash,
           NEW.real_money, NEW.approvals_needed, NEW.roles_needed, NEW.requested_by_id, NEW.created_at,
           NEW.expires_at))
    EXECUTE FUNCTION approvals_content_frozen();
CREATE SEQUENCE approvals_number;
GRANT USAGE, SELECT ON SEQUENCE approvals_number TO desk_app;
REVOKE DELETE, TRUNCATE ON approvals_changerequest FROM desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0001_initial"), ("audit", "0002_append_only")]
    operations = [
        migrations.RunSQL(CONTENT, migrations.RunSQL.noop),
        transitions("approvals_changerequest", "state", STEPS),
        append_only("approvals_vote"),
        append_only("approvals_contentedit"),
        govern("approvals_changerequest", name="title"),
        govern("approvals_vote"),
        govern("approvals_contentedit"),
    ]
