"""Whoever changes a schedule leaves an audit row; run counts do not."""

from django.db import migrations

from apps.audit.sql import govern


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0001_initial"),
        ("audit", "0002_append_only"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]
    operations = [
        govern(
            "django_celery_beat_periodictask",
            name="name",
            ignore=["last_run_at", "total_run_count", "date_changed"],
        ),
        govern("django_celery_beat_intervalschedule"),
    ]
