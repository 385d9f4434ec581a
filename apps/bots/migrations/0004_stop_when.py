"""A paused bot may be on its way out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bots", "0003_stages")]
    operations = [
        migrations.AddField(
            model_name="bot",
            name="stop_when",
            field=models.CharField(
                blank=True,
                choices=[("flat", "flat")],
                db_default="",
                default="",
                help_text="A paused bot that stops once it holds nothing.",
                max_length=8,
            ),
        ),
    ]
