"""The Klaviyo library stands alone: another program could use it as it is."""

import subprocess
import sys
from pathlib import Path

LIBRARY = Path(__file__).parents[2] / "connector" / "klaviyo"


def test_it_loads_no_django_no_settings_and_nothing_else_of_ours() -> None:
    modules = [f"connector.klaviyo.{file.stem}" for file in LIBRARY.glob("*.py") if file.stem != "__init__"]
    code = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
ours = [name for name in sys.modules if name.startswith(("connector.", "config", "accounts", "audit", "django"))]
print([name for name in ours if not name.startswith("connector.klaviyo")])
"""

    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=LIBRARY.parents[1]
    )

    assert said.stdout.strip() == "[]"
    assert len(modules) > 10
