"""The candle table, partitioned by year of the open time."""

from datetime import UTC, datetime

from django.db import migrations


def year_ms(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp() * 1000)


PARTITIONS = "".join(
    f"CREATE TABLE marketdata_candle_y{year} PARTITION OF marketdata_candle"
    f" FOR VALUES FROM ({year_ms(year)}) TO ({year_ms(year + 1)});\n"
    for year in range(2017, 2031)
)
TABLE = f"""
CREATE TABLE marketdata_candle (
    instrument_id integer NOT NULL,
    timeframe varchar(3) NOT NULL,
    ts bigint NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    volume double precision NOT NULL,
    observed_at timestamptz NOT NULL,
    PRIMARY KEY (instrument_id, timeframe, ts),
    CONSTRAINT candle_sane CHECK (
        open > 0 AND low > 0 AND high >= greatest(open, close, low) AND low <= least(open, close)
        AND volume >= 0 AND high < 'Infinity' AND volume < 'Infinity')
) PARTITION BY RANGE (ts);
{PARTITIONS}
CREATE TABLE marketdata_candle_rest PARTITION OF marketdata_candle DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [("marketdata", "0001_initial"), ("core", "0001_roles")]
    operations = [migrations.RunSQL(TABLE, "DROP TABLE marketdata_candle;")]
