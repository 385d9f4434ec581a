"""Strategy versions are never changed."""

from django.db import migrations

from apps.audit.sql import govern
from apps.core.sql import append_only


class Migration(migrations.Migration):
    dependencies = [("strategies", "0001_initial"), ("audit", "0002_append_only")]
    operations = [
        append_only("strategies_strategyversion"),
        govern("strategies_strategyversion"),
        govern("strategies_strategy", name="name"),
    ]
