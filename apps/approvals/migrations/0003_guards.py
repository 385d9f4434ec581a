"""What a change request and its votes must be, whoever writes them.

PostgreSQL itself recomputes the content's hash, counts the votes and knows who may not vote, so
that neither a form, a REST call nor SQL with the application's rights can shorten the way. Every
function looks into `public` first: a temporary table of the same name changes nothing.
"""

from django.db import migrations, models

from apps.accounts.domain.roles import VOTER_ROLES
from apps.approvals.domain.policies import POLICIES
from apps.approvals.domain.states import OPEN

VOTERS = ", ".join(f"'{role}'" for role in sorted(VOTER_ROLES))
FLOORS = ", ".join(
    f"('{kind}', {str(real).lower()}, {policy.approvals}, '[{', '.join(chr(34) + r + chr(34) for r in policy.roles)}]'::jsonb,"
    f" interval '{int(policy.expiry.total_seconds())} seconds')"
    for (kind, real), policy in sorted(POLICIES.items())
)

GUARDS = f"""
CREATE FUNCTION approvals_canonical(value jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE
SET search_path = public, pg_temp AS $$
BEGIN
    RETURN CASE jsonb_typeof(value)
        WHEN 'object' THEN '{{' || coalesce((
            SELECT string_agg(to_jsonb(e.key)::text || ':' || approvals_canonical(e.value), ','
                ORDER BY e.key COLLATE "C") FROM jsonb_each(value) e), '') || '}}'
        WHEN 'array' THEN '[' || coalesce((
            SELECT string_agg(approvals_canonical(e.item), ',' ORDER BY e.n)
            FROM jsonb_array_elements(value) WITH ORDINALITY e(item, n)), '') || ']'
        ELSE value::text
    END;
END
$$;

CREATE FUNCTION approvals_is_voter(voter uuid, as_role text) RETURNS boolean LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    SELECT as_role IN ({VOTERS}) AND EXISTS (
        SELECT FROM accounts_user u
        JOIN accounts_user_groups m ON m.user_id = u.id
        JOIN auth_group g ON g.id = m.group_id
        WHERE u.id = voter AND u.is_active AND NOT u.is_machine AND g.name = as_role)
$$;

CREATE FUNCTION approvals_votes_suffice(request uuid) RETURNS boolean LANGUAGE sql STABLE
SET search_path = public, pg_temp AS $$
    SELECT r.expires_at > clock_timestamp()
        AND NOT EXISTS (
            SELECT FROM approvals_vote v WHERE v.request_id = r.id AND v.decision = 'reject')
        AND (SELECT count(DISTINCT v.user_id) >= r.approvals_needed
                AND r.roles_needed <@ coalesce(jsonb_agg(v.role), '[]'::jsonb)
             FROM approvals_vote v
             WHERE v.request_id = r.id AND v.decision = 'approve'
               AND v.content_hash = r.content_hash
               AND v.user_id <> r.requested_by_id
               AND NOT EXISTS (
                   SELECT FROM approvals_contentedit e
                   WHERE e.request_id = r.id AND e.user_id = v.user_id)
               AND approvals_is_voter(v.user_id, v.role))
    FROM approvals_changerequest r WHERE r.id = request
$$;

CREATE FUNCTION approvals_request_made() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state <> 'in_review' THEN
        RAISE EXCEPTION 'REQUEST_STARTS_IN_REVIEW state=%', NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.content_hash <> encode(sha256(convert_to(approvals_canonical(NEW.content), 'UTF8')), 'hex') THEN
        RAISE EXCEPTION 'CONTENT_HASH_WRONG request=%', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.kind = 'bot.promote' AND NEW.real_money <> (NEW.content->>'to_stage' IN ('small_capital', 'mainnet')) THEN
        RAISE EXCEPTION 'REAL_MONEY_WRONG request=%', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (
        SELECT FROM (VALUES {FLOORS}) AS p(kind, real_money, approvals, roles, expiry)
        WHERE p.kind = NEW.kind AND p.real_money = NEW.real_money
          AND NEW.approvals_needed >= p.approvals AND p.roles <@ NEW.roles_needed
          AND NEW.expires_at <= clock_timestamp() + p.expiry + interval '1 second') THEN
        RAISE EXCEPTION 'BELOW_POLICY request=% kind=%', NEW.number, NEW.kind
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_request_made BEFORE INSERT ON approvals_changerequest
    FOR EACH ROW EXECUTE FUNCTION approvals_request_made();

CREATE FUNCTION approvals_request_step() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT approvals_votes_suffice(OLD.id) THEN
        RAISE EXCEPTION 'VOTES_DO_NOT_SUFFICE request=% to=%', OLD.number, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_request_votes BEFORE UPDATE OF state ON approvals_changerequest
    FOR EACH ROW WHEN (NEW.state IN ('approved', 'applying') AND OLD.state <> NEW.state)
    EXECUTE FUNCTION approvals_request_step();

CREATE FUNCTION approvals_vote_made() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
DECLARE r approvals_changerequest; code text;
BEGIN
    SELECT * INTO r FROM approvals_changerequest WHERE id = NEW.request_id FOR UPDATE;
    code := CASE
        WHEN r.id IS NULL OR r.state <> 'in_review' OR r.expires_at <= clock_timestamp()
            THEN 'REQUEST_CLOSED'
        WHEN NEW.user_id = r.requested_by_id THEN 'VOTE_BY_REQUESTER'
        WHEN EXISTS (SELECT FROM approvals_contentedit e
                     WHERE e.request_id = r.id AND e.user_id = NEW.user_id) THEN 'VOTE_BY_EDITOR'
        WHEN NEW.content_hash <> r.content_hash THEN 'VOTE_CONTENT_MISMATCH'
        WHEN btrim(NEW.comment) = '' THEN 'VOTE_NEEDS_COMMENT'
        WHEN NEW.decision NOT IN ('approve', 'reject') THEN 'VOTE_REFUSED'
        WHEN NOT approvals_is_voter(NEW.user_id, NEW.role) THEN 'VOTE_NO_ROLE'
    END;
    IF code IS NOT NULL THEN
        RAISE EXCEPTION '% request=%', code, r.number USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_vote_made BEFORE INSERT ON approvals_vote
    FOR EACH ROW EXECUTE FUNCTION approvals_vote_made();

CREATE FUNCTION approvals_edit_made() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM approvals_changerequest r
                   WHERE r.id = NEW.request_id AND r.state = 'in_review' FOR SHARE) THEN
        RAISE EXCEPTION 'REQUEST_CLOSED request=%', NEW.request_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approvals_edit_made BEFORE INSERT ON approvals_contentedit
    FOR EACH ROW EXECUTE FUNCTION approvals_edit_made();
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0002_governed"), ("accounts", "0003_roles")]
    operations = [
        migrations.AddConstraint(
            "changerequest",
            models.UniqueConstraint(
                fields=["kind", "subject_type", "subject_id"],
                condition=models.Q(state__in=sorted(OPEN)),
                name="change_open_once",
            ),
        ),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
