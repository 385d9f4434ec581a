"""Limits of leverage and of the way to liquidation; their defaults bind in PostgreSQL too."""

from importlib import import_module

from django.db import migrations, models

# The guard's text lists the defaults: it is made anew when one joins them.
_TEXT = import_module("apps.risk.migrations.0003_limits_guarded").GUARD
_BODY = _TEXT[_TEXT.index("CREATE FUNCTION") : _TEXT.index("CREATE TRIGGER")]
GUARD = _BODY.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
NAMES = (
    "order_cost",
    "position_cost",
    "gross_exposure",
    "daily_loss",
    "open_orders",
    "price_collar",
    "leverage",
    "liquidation_share",
    "data_age",
)


class Migration(migrations.Migration):
    dependencies = [("risk", "0004_desk_build")]
    operations = [
        migrations.AlterField(
            model_name="limit",
            name="name",
            field=models.CharField(choices=[(name, name) for name in NAMES], max_length=24),
        ),
        migrations.RunSQL(GUARD, migrations.RunSQL.noop),
    ]
