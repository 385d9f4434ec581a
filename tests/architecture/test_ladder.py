"""The ladder of apps: imports by .importlinter, foreign keys here, since strings escape a linter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps as registry
from django.conf import settings

from tests.architecture.sources import ROOT, height, ladder, sources


def test_every_import_contract_is_kept() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_ladder_of_the_settings_is_that_of_the_linter() -> None:
    named = [name.strip() for line in ladder() for name in line.split("|")]
    built = [name for name in named if not name.startswith("(")]
    assert built == settings.LADDER
    assert sorted(built) == sorted({source.app for source in sources() if source.app})


def test_no_foreign_key_points_up_the_ladder() -> None:
    upward = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in registry.get_models(include_auto_created=True)
        if model.__module__.startswith("apps.")
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model is not None
        and field.related_model.__module__.startswith("apps.")
        and height(field.related_model._meta.app_label) > height(model._meta.app_label)
    ]
    assert upward == []


def test_no_foreign_key_crosses_between_the_desk_and_the_simulated_exchange() -> None:
    crossing = [
        f"{model._meta.label}.{field.name}"
        for model in registry.get_models()
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model is not None
        and "simulator" in {model._meta.app_label, field.related_model._meta.app_label}
        and model._meta.app_label != field.related_model._meta.app_label
    ]
    assert crossing == []


def test_siblings_on_one_rung_stand_equally_high() -> None:
    assert height("dashboard") == height("api") > height("demo")
    assert height("core") == 0
    with pytest.raises(AssertionError, match="no place on the ladder"):
        height("utils")
