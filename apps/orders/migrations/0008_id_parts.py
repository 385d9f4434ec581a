"""What else a client order id hashes, so that its row can be checked against it."""

from django.db import migrations, models

FREEZE = """
DROP TRIGGER orders_terms_frozen ON orders_order;
CREATE TRIGGER orders_terms_frozen
    BEFORE UPDATE OF id, client_order_id, account_id, bot_id, config_id, instrument_id, verdict_id, cycle_at,
        purpose, side, type, time_in_force, post_only, reduce_only, amount, price, stop_price,
        trailing_rate, worst_price, expires_at, position_side, origin, is_amendment, group_id,
        scheduled, leg, attempt
    ON orders_order FOR EACH ROW EXECUTE FUNCTION orders_terms_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_measured_fills")]

    operations = [
        migrations.AddField(
            model_name="order",
            name="attempt",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="order",
            name="leg",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
        ),
        migrations.AddField(
            model_name="order",
            name="scheduled",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What its client order id names as its origin.",
                max_length=120,
            ),
        ),
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
    ]
