"""Evidence is never changed."""

from django.db import migrations

from apps.core.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("golive", "0001_initial"), ("core", "0001_roles")]
    operations = [append_only("golive_gatecheck")]
