"""The journal is never changed."""

from django.db import migrations

from apps.core.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0001_initial"), ("core", "0001_roles")]
    operations = [append_only("portfolio_journalentry"), append_only("portfolio_journalline")]
