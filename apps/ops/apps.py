from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class OpsConfig(AppConfig):
    name = "apps.ops"
    label = "ops"

    def ready(self) -> None:
        """Register every app's start checks and give plain processes their heart."""
        autodiscover_modules("checks")
        import_module("apps.ops.heart").start_for_this_process()
