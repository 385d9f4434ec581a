"""Synthetic recordings that swing enough to bring orders somewhere every hour or two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

HOUR_MS = 3_600_000
START_MS = 1_683_158_400_000  # 2023-05-04, a Thursday


def write_recording(root: Path, *, pairs: Sequence[str], hours: int) -> Path:
    """Write hourly candles of `pairs` ("BTC/USDT") below `root` and return the folder of pairs."""
    dice = np.random.default_rng(11)
    for number, pair in enumerate(pairs):
        wave = np.sin(np.arange(hours) / (3 + number)) * 0.03
        closes = 1000 * np.exp(wave + np.cumsum(dice.normal(0, 0.004, hours)))
        opens = np.r_[closes[0], closes[:-1]]
        highs = np.maximum(opens, closes) * 1.004
        lows = np.minimum(opens, closes) * 0.996
        folder = root / pair.replace("/", "_")
        folder.mkdir(parents=True)
        lines = ["ts,open,high,low,close,volume"]
        for k in range(hours):
            numbers = ",".join(f"{value[k]:.2f}" for value in (opens, highs, lows, closes))
            lines.append(f"{START_MS + k * HOUR_MS},{numbers},5000")
        (folder / "1h.csv").write_text("\n".join(lines) + "\n")
    return root
