"""ccxt without its front door.

`import ccxt.pro` loads every exchange it knows: about 3 s of CPU and 126 MB. Here the three
packages are registered with lazy attributes (PEP 562), so that only the exchange that is asked
for is loaded. Whoever needs ccxt takes it from here.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

PACKAGES: Final = {"ccxt": "", "ccxt.async_support": "/async_support", "ccxt.pro": "/pro"}


class LazyPackage(ModuleType):
    """A ccxt package whose attributes are imported when they are first asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = self._find(name)
        setattr(self, name, found)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        # importing an exchange's module hangs it here; the eager package has its class instead
        if isinstance(value, ModuleType):
            value = getattr(value, name, value)
        super().__setattr__(name, value)

    def _find(self, name: str) -> Any:
        if name in {"Exchange", "BaseExchange"}:
            home = "ccxt" if self.__name__ == "ccxt" else "ccxt.async_support"
            return getattr(importlib.import_module(f"{home}.base.exchange"), name)
        if name == "Precise":
            return importlib.import_module("ccxt.base.precise").Precise
        errors = importlib.import_module("ccxt.base.errors")
        if hasattr(errors, name):
            return getattr(errors, name)
        try:
            module = importlib.import_module(f"{self.__name__}.{name}")
        except ModuleNotFoundError as error:
            raise AttributeError(name) from error
        return getattr(module, name, module)


def install() -> None:
    """Register the lazy packages, unless ccxt was already imported in full."""
    if "ccxt" in sys.modules:
        return
    spec = importlib.util.find_spec("ccxt")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("ccxt")
    for package, folder in PACKAGES.items():
        module = LazyPackage(package)
        module.__path__ = [path + folder for path in spec.submodule_search_locations]
        module.__package__ = package
        module.__file__ = f"{module.__path__[0]}/__init__.py"
        module.__spec__ = importlib.util.spec_from_file_location(
            package, module.__file__, submodule_search_locations=module.__path__
        )
        sys.modules[package] = module


install()
ccxt_pro = importlib.import_module("ccxt.pro")
ccxt_errors = importlib.import_module("ccxt.base.errors")
