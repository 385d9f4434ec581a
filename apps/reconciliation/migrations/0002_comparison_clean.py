"""A comparison says whether it was clean, and up to where it looked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("reconciliation", "0001_initial")]
    operations = [
        migrations.AddField(
            "comparison",
            "is_clean",
            models.BooleanField(
                default=False, help_text="Nothing differed and nothing was in doubt."
            ),
        ),
        migrations.AddField(
            "comparison",
            "market_at",
            models.DateTimeField(
                help_text="Market time up to which fills were compared.", null=True
            ),
        ),
    ]
