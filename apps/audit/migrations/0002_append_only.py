"""The audit function and the refusal to change history."""

from django.db import migrations

from apps.audit.sql import AUDIT_FUNCTION
from apps.core.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("core", "0001_roles")]
    operations = [
        migrations.RunSQL(AUDIT_FUNCTION, "DROP FUNCTION audit_write;"),
        append_only("audit_auditevent"),
    ]
