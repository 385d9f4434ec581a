"""The lifecycle as PostgreSQL sees it; events and fills are never changed."""

from django.db import migrations

from apps.core.sql import append_only, transitions
from apps.orders.domain.lifecycle import STEPS

TERMS = """
CREATE FUNCTION orders_terms_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ORDER_TERMS_FROZEN order=%', OLD.client_order_id
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER orders_terms_frozen
    BEFORE UPDATE OF id, client_order_id, account_id, bot_id, config_id, instrument_id, verdict_id, cycle_at,
        purpose, side, type, time_in_force, post_only, reduce_only, amount, price, stop_price
    ON orders_order FOR EACH ROW EXECUTE FUNCTION orders_terms_frozen();
CREATE FUNCTION orders_fence_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'STALE_FENCE order=% has=% wanted=%', OLD.client_order_id, OLD.fence, NEW.fence
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER orders_fence_rises BEFORE UPDATE OF fence ON orders_order FOR EACH ROW
    WHEN (NEW.fence < OLD.fence) EXECUTE FUNCTION orders_fence_rises();
REVOKE DELETE, TRUNCATE ON orders_order, orders_venuefact FROM desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial"), ("core", "0001_roles")]
    operations = [
        migrations.RunSQL(TERMS, migrations.RunSQL.noop),
        transitions("orders_order", "status", STEPS),
        append_only("orders_orderevent"),
        append_only("orders_fill"),
    ]
