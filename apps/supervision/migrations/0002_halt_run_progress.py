"""A run remembers its tries, and when its positions were flat."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("supervision", "0001_initial")]
    operations = [
        migrations.AddField(
            "haltrun",
            "flattened_at",
            models.DateTimeField(help_text="All positions in scope were flat.", null=True),
        ),
        migrations.AddField("haltrun", "attempts", models.PositiveIntegerField(default=0)),
        migrations.AddField(
            "haltrun",
            "next_try_at",
            models.DateTimeField(help_text="Null: at once.", null=True),
        ),
    ]
