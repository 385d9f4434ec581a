"""Permissions for orders by hand, closing, cases, and faults of the simulated exchange."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_governed_groups"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "ordering": ["username"],
                "permissions": [
                    ("view_desk", "See fleet, bots, orders, fills, positions and market data"),
                    ("view_operations", "See reconciliation, venue accounts' metadata and system"),
                    ("view_audit", "Search and verify the audit"),
                    ("operate_bots", "Start, stop and resume bots on paper and testnet"),
                    ("pause_bots", "Pause bots anywhere"),
                    ("place_orders", "Place and amend orders by hand"),
                    ("close_positions", "Cancel orders and close positions by hand"),
                    ("halt", "Halt a bot, an account or the desk"),
                    ("release_halt", "Release a halt"),
                    ("reconcile", "Reconcile an account now"),
                    (
                        "resolve_cases",
                        "Take, comment and resolve cases; propose adjustments of the books",
                    ),
                    ("edit_configs", "Write config versions"),
                    ("propose_changes", "Write change requests"),
                    ("vote", "Vote on change requests"),
                    ("tighten_limits", "Lower limits at once"),
                    ("demote_bots", "Demote a bot at once"),
                    ("manage_people", "Manage people, roles and tokens"),
                    ("manage_accounts", "Add venue accounts and write keys"),
                    ("manage_settings", "Open configuration in the admin"),
                    ("use_api", "Use the REST API with a token"),
                    ("simulate_faults", "Make the simulated exchange fail on purpose"),
                ],
            },
        ),
    ]
