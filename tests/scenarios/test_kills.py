"""`kill -9` of every process in the middle of a replay: it recovers, and ends as if undisturbed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.scenarios.kills import RECOVERY_SECONDS, VICTIMS, Scene, problems

HOUR_MS = 3_600_000
START_MS = 1_683_158_400_000  # 2023-05-04, a Thursday
HOURS = 24 * 9


def write_recording(root: Path) -> Path:
    """Two pairs that swing enough for every hour or two to bring an order somewhere."""
    dice = np.random.default_rng(11)
    for number, pair in enumerate(("BTC_USDT", "ETH_USDT")):
        wave = np.sin(np.arange(HOURS) / (3 + number)) * 0.03
        closes = 1000 * np.exp(wave + np.cumsum(dice.normal(0, 0.004, HOURS)))
        opens = np.r_[closes[0], closes[:-1]]
        highs = np.maximum(opens, closes) * 1.004
        lows = np.minimum(opens, closes) * 0.996
        folder = root / "binance" / pair
        folder.mkdir(parents=True)
        lines = ["ts,open,high,low,close,volume"]
        for k in range(HOURS):
            numbers = ",".join(f"{value[k]:.2f}" for value in (opens, highs, lows, closes))
            lines.append(f"{START_MS + k * HOUR_MS},{numbers},5000")
        (folder / "1h.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.mark.slow
@pytest.mark.xdist_group("kills")
@pytest.mark.timeout(900)
def test_every_process_may_be_killed_during_a_replay(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    data = write_recording(tmp_path_factory.mktemp("rec"))
    arguments = [
        "--data", str(data / "binance"), "--instruments", "BTC/USDT,ETH/USDT",
        "--timeframe", "1h", "--strategy", "sma_cross,mean_reversion,breakout", "--stop-loss", "0.01",
    ]  # fmt: skip
    calm = Scene(arguments).run([], seed=0)
    struck = Scene(arguments).run(list(VICTIMS), seed=3)
    assert calm.summary["ok"], calm.summary["checks"]
    assert calm.summary["fills"] > 20
    assert problems(calm, struck) == []
    assert sorted(kill.victim for kill in struck.kills) == sorted(VICTIMS)
    assert max(kill.recovered_after for kill in struck.kills) <= RECOVERY_SECONDS
    assert sum(kill.in_flight for kill in struck.kills) >= 0.3 * len(VICTIMS)
