"""Limits and restrictions are governed; verdicts are never changed; the desk's book row."""

from django.db import migrations

from apps.audit.sql import govern
from apps.core.sql import append_only

BOOK = """
INSERT INTO risk_riskbook (scope_kind, scope_id) VALUES ('desk', '');
REVOKE DELETE, TRUNCATE ON risk_restriction, risk_limit FROM desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_initial"), ("audit", "0002_append_only")]
    operations = [
        migrations.RunSQL(BOOK, migrations.RunSQL.noop),
        append_only("risk_verdict"),
        govern("risk_limit", name="name"),
        govern("risk_restriction", name="code"),
    ]
