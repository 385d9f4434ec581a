"""`kill -9` of every process in the middle of a replay: it recovers, and ends as if undisturbed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scenarios.kills import RECOVERY_SECONDS, VICTIMS, Scene, problems
from tests.scenarios.recordings import write_recording


@pytest.mark.slow
@pytest.mark.xdist_group("kills")
@pytest.mark.timeout(900)
def test_every_process_may_be_killed_during_a_replay(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("rec")
    data = write_recording(folder, pairs=["BTC/USDT", "ETH/USDT"], hours=24 * 9)
    arguments = [
        "--data", str(data), "--instruments", "BTC/USDT,ETH/USDT",
        "--timeframe", "1h", "--strategy", "sma_cross,mean_reversion,breakout", "--stop-loss", "0.01",
    ]  # fmt: skip
    # Side by side, each with servers and ports of its own: a struck desk waits much, and what is
    # measured of it, its recovery, comes first.
    with ThreadPoolExecutor(max_workers=1) as beside:
        undisturbed = beside.submit(Scene(arguments, niceness=15).run, [], seed=0)
        struck = Scene(arguments).run(list(VICTIMS), seed=3)
        calm = undisturbed.result()
    assert calm.summary["ok"], calm.summary["checks"]
    assert calm.summary["fills"] > 20
    assert problems(calm, struck) == []
    assert sorted(kill.victim for kill in struck.kills) == sorted(VICTIMS)
    assert max(kill.recovered_after for kill in struck.kills) <= RECOVERY_SECONDS
    assert sum(kill.in_flight for kill in struck.kills) >= 0.3 * len(VICTIMS)
