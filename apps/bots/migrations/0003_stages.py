"""A bot's stage as PostgreSQL guards it.

The stage fits the account's environment; a bot starts on paper; it climbs one stage at a time and
only with the approved request that is being applied to exactly this bot, account and config; it
may fall at any time. On real money the config is pinned. A rehearsal desk is one for good.
"""

from django.db import migrations

from apps.bots.domain.stages import ENVIRONMENTS, REAL_MONEY, STAGES

RANKS = ", ".join(f"'{stage}'" for stage in STAGES)
REAL = ", ".join(f"'{stage}'" for stage in sorted(REAL_MONEY))
FITS = ", ".join(
    f"('{stage}', '{environment}')"
    for stage, environments in sorted(ENVIRONMENTS.items())
    for environment in sorted(environments)
)

GUARDS = f"""
CREATE FUNCTION bots_same_config(old_config uuid, new_config uuid, bot uuid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(old_config = new_config, false) OR EXISTS (
        SELECT FROM bots_botconfig o, bots_botconfig n
        WHERE o.id = old_config AND n.id = new_config AND o.bot_id = bot AND n.bot_id = bot
          AND (o.strategy_version_id, o.timeframe, o.parameters, o.sizing, o.protection)
            = (n.strategy_version_id, n.timeframe, n.parameters, n.sizing, n.protection)
          AND (SELECT array_agg(i.symbol ORDER BY i.symbol) FROM bots_botconfiginstrument c
               JOIN marketdata_instrument i ON i.id = c.instrument_id WHERE c.config_id = o.id)
            = (SELECT array_agg(i.symbol ORDER BY i.symbol) FROM bots_botconfiginstrument c
               JOIN marketdata_instrument i ON i.id = c.instrument_id WHERE c.config_id = n.id))
$$;

CREATE FUNCTION bots_stage_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE
    ranks text[] := ARRAY[{RANKS}];
    real_money text[] := ARRAY[{REAL}];
    home text := (SELECT environment FROM venues_venueaccount WHERE id = NEW.account_id);
    rehearsal boolean := (SELECT d.rehearsal FROM accounts_desk d WHERE d.id = 1);
    climb integer;
    r approvals_changerequest;
BEGIN
    IF (rehearsal AND home <> 'simulated')
        OR (NOT rehearsal AND (NEW.stage, home) NOT IN ({FITS})) THEN
        RAISE EXCEPTION 'STAGE_ENVIRONMENT bot=% stage=% environment=%', NEW.slug, NEW.stage, home
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.stage <> ranks[1] OR NEW.stage_request_id IS NOT NULL THEN
            RAISE EXCEPTION 'STAGE_STARTS_ON_PAPER bot=% stage=%', NEW.slug, NEW.stage
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    climb := array_position(ranks, NEW.stage::text) - array_position(ranks, OLD.stage::text);
    IF climb < 0 THEN
        RETURN NEW;
    END IF;
    IF climb = 0 THEN
        IF NEW.stage_request_id IS DISTINCT FROM OLD.stage_request_id THEN
            RAISE EXCEPTION 'STAGE_REQUEST_FIXED bot=%', NEW.slug
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        -- an account that moved takes the same config along, in a second statement
        IF OLD.stage = ANY(real_money) AND NEW.config_id IS DISTINCT FROM OLD.config_id
            AND NOT (OLD.config_id IS NULL AND bots_same_config(
                (SELECT (q.content->>'config_id')::uuid FROM approvals_changerequest q
                 WHERE q.id = OLD.stage_request_id), NEW.config_id, NEW.id)) THEN
            RAISE EXCEPTION 'CONFIG_PINNED bot=% stage=%', NEW.slug, OLD.stage
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO r FROM approvals_changerequest WHERE id = NEW.stage_request_id;
    IF climb = 1 AND r.state = 'applying' AND r.kind = 'bot.promote' AND r.subject_type = 'bot'
        AND r.subject_id = NEW.id::text
        AND r.content->>'from_stage' = OLD.stage AND r.content->>'to_stage' = NEW.stage
        AND r.content->>'account_id' = NEW.account_id::text
        AND (bots_same_config((r.content->>'config_id')::uuid, NEW.config_id, NEW.id)
            OR NEW.config_id IS NULL AND NEW.account_id <> OLD.account_id)
        AND approvals_votes_suffice(r.id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'STAGE_NEEDS_APPROVAL bot=% from=% to=%', NEW.slug, OLD.stage, NEW.stage
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER bots_stage_guard
    BEFORE INSERT OR UPDATE OF stage, stage_request_id, account_id, config_id ON bots_bot
    FOR EACH ROW EXECUTE FUNCTION bots_stage_guard();

CREATE FUNCTION bots_rehearsal_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.rehearsal AND (
        EXISTS (SELECT FROM venues_venueaccount WHERE environment = 'live')
        OR EXISTS (SELECT FROM bots_bot b JOIN venues_venueaccount a ON a.id = b.account_id
                   WHERE a.environment <> 'simulated')) THEN
        RAISE EXCEPTION 'REHEARSAL_BESIDE_REAL_ACCOUNTS' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT NEW.rehearsal AND EXISTS (SELECT FROM bots_bot) THEN
        RAISE EXCEPTION 'REHEARSAL_EVIDENCE_STAYS' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER bots_rehearsal_guard BEFORE UPDATE OF rehearsal ON accounts_desk FOR EACH ROW
    WHEN (OLD.rehearsal IS DISTINCT FROM NEW.rehearsal) EXECUTE FUNCTION bots_rehearsal_guard();

ALTER FUNCTION bots_account_fixed() SET search_path = public, pg_temp;
ALTER FUNCTION venues_account_fixed() SET search_path = public, pg_temp;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bots", "0002_governed"),
        ("approvals", "0003_guards"),
        ("accounts", "0003_roles"),
        ("venues", "0002_governed"),
        ("marketdata", "0001_initial"),
    ]
    operations = [migrations.RunSQL(GUARDS, migrations.RunSQL.noop)]
