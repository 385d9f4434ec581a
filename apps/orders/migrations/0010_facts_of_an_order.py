"""The page of an order finds what the venue said about it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_foreign_facts")]

    operations = [
        migrations.AddIndex(
            model_name="venuefact",
            index=models.Index(
                condition=models.Q(("client_order_id", ""), _negated=True),
                fields=["client_order_id"],
                name="venue_fact_of_order",
            ),
        ),
    ]
