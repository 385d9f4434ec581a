"""An entry by hand on real money needs a second person: its policy, in PostgreSQL."""

from importlib import import_module

from django.db import migrations

# the guard is made from the table of policies, which names the new kind
GUARD = import_module("apps.approvals.migrations.0004_books_adjustments").GUARD


class Migration(migrations.Migration):
    dependencies = [("approvals", "0004_books_adjustments")]
    operations = [migrations.RunSQL(GUARD, migrations.RunSQL.noop)]
