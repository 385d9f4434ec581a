"""What the browser is given: pinned, hashed, and nothing inline that the CSP would refuse."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
PAGES = [
    p
    for p in (ROOT / "templates").rglob("*.html")
    if "admin" not in p.relative_to(ROOT / "templates").parts[:1]
]
FORBIDDEN = re.compile(
    r"""<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=["']|javascript:|https?://(?!www\.tradingview\.com)"""
)


def test_every_vendored_file_is_listed_with_its_hash_and_licence() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    listed = {entry["file"]: entry["sha256"] for package in manifest for entry in package["files"]}
    present = {
        str(p.relative_to(VENDOR))
        for p in VENDOR.rglob("*")
        if p.is_file() and p.name != "manifest.json"
    }
    assert set(listed) == present
    for file, digest in listed.items():
        assert hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() == digest, file
    for package in manifest:
        assert package["licence"]
        assert any("LICENSE" in entry["file"] for entry in package["files"])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT / "templates")))
def test_no_template_has_inline_style_script_or_handler(page) -> None:
    assert not FORBIDDEN.findall(page.read_text())


@pytest.mark.parametrize(
    "file",
    [*(ROOT / "static/css").glob("*.css"), *(ROOT / "static/js").glob("*.js")],
    ids=lambda p: p.name,
)
def test_own_static_files_stay_small_and_local(file) -> None:
    text = file.read_text()
    assert len(text.splitlines()) < 300
    assert not re.search(r"https?://|@import|eval\(|new Function", text)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


TOKENS = re.findall(
    r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)",
    (ROOT / "static/css/tokens.css").read_text(),
)
PAIRS = [
    (text, ground)
    for text, grounds in {
        "text": ("bg", "panel", "mute-bg"), "text-2": ("bg", "panel", "mute-bg"), "accent": ("bg", "panel"),
        "up": ("panel", "bg"), "down": ("panel", "bg"), "ok": ("ok-bg", "panel"), "warn": ("warn-bg", "panel"),
        "bad": ("bad-bg", "panel"), "info": ("info-bg", "panel"), "money": ("money-bg", "panel"),
        "on-accent": ("accent",), "on-bad": ("bad",),
    }.items()
    for ground in grounds
]  # fmt: skip


@pytest.mark.parametrize(("text", "ground"), PAIRS)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_aa_contrast(text, ground, theme) -> None:
    for name, *colours in TOKENS:
        if name == text:
            grounds = [c for n, *c in TOKENS if n == ground]
            assert contrast(colours[theme], grounds[0][theme]) >= 4.5, (name, ground)
