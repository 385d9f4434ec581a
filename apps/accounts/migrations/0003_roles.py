"""The seven roles as groups; tokens named by a public id; guards that look into `public` first."""

from django.db import migrations, models

import apps.core.ids
from apps.accounts.domain.roles import PERMISSIONS, ROLE_PERMISSIONS
from apps.audit.sql import govern


def make_roles(registry, schema_editor):  # noqa: ANN001, ANN201
    alias = schema_editor.connection.alias
    content_type, _ = (
        registry.get_model("contenttypes", "ContentType")
        .objects.using(alias)
        .get_or_create(app_label="accounts", model="user")
    )
    permissions = registry.get_model("auth", "Permission").objects.using(alias)
    rows = {
        codename: permissions.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": words}
        )[0]
        for codename, words in PERMISSIONS.items()
    }
    for role, codenames in ROLE_PERMISSIONS.items():
        group, _ = registry.get_model("auth", "Group").objects.using(alias).get_or_create(name=role)
        # Not through the manager: the router would send it to the application's connection.
        carried = group._meta.model.permissions.through.objects.using(alias)
        for codename in codenames:
            carried.get_or_create(group_id=group.pk, permission_id=rows[codename].pk)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_governed"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.AddField(
            "apitoken",
            "public_id",
            models.UUIDField(default=apps.core.ids.new_id, editable=False, unique=True),
        ),
        # The digest is longer than an audit row's object id, and nobody should read it there.
        govern(
            "accounts_apitoken",
            pk="public_id",
            name="name",
            hide=["digest", "token_key"],
            ignore=["last_used_at"],
        ),
        migrations.RunSQL(
            "ALTER FUNCTION accounts_exclusive_roles() SET search_path = public, pg_temp;",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(make_roles, migrations.RunPython.noop),
    ]
