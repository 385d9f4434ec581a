"""A paused bot may be on its way out."""

from pathlib import Path

from django.db import migrations, models

PREVIOUS = "0003_stages" if (Path(__file__).parent / "0003_stages.py").exists() else "0002_governed"


class Migration(migrations.Migration):
    dependencies = [("bots", PREVIOUS)]
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
