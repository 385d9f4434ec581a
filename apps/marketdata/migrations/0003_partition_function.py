"""A function that lets the runtime role add candle partitions, and nothing else of that kind."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION marketdata_ensure_candle_partition(year integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    name text := 'marketdata_candle_y' || year;
    starts bigint := extract(epoch FROM make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC')) * 1000;
    ends bigint := extract(epoch FROM make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC')) * 1000;
BEGIN
    IF year NOT BETWEEN 2009 AND 2200 THEN
        RAISE EXCEPTION 'PARTITION_YEAR_INVALID year=%', year;
    END IF;
    IF to_regclass(name) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- rows that came before their partition move into it
    CREATE TEMPORARY TABLE early_candles ON COMMIT DROP AS
        SELECT * FROM marketdata_candle_rest WHERE ts >= starts AND ts < ends;
    DELETE FROM marketdata_candle_rest WHERE ts >= starts AND ts < ends;
    EXECUTE format('CREATE TABLE %I PARTITION OF marketdata_candle FOR VALUES FROM (%s) TO (%s)',
                   name, starts, ends);
    INSERT INTO marketdata_candle SELECT * FROM early_candles;
    DROP TABLE early_candles;
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION marketdata_ensure_candle_partition(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION marketdata_ensure_candle_partition(integer) TO desk_app;
"""


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0002_candles")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION marketdata_ensure_candle_partition(integer);")
    ]
