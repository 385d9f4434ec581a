"""What a role may do is authority too: whoever changes a group leaves an audit row."""

from django.db import migrations

from apps.audit.sql import govern


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_roles"),
        ("audit", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations = [govern("auth_group", name="name"), govern("auth_group_permissions")]
