"""What the requirements list is used: python -m tests.used. Exit 1 with the packages that nothing of ours imports."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

SOURCES: Final = ("config", "audit", "accounts", "connector")
# Used without an import: by a setting, by another package, at the command line.
OTHERWISE: Final = {
    "tzdata": "zoneinfo reads it",
    "uvloop": "uvicorn takes it",
    "httptools": "uvicorn takes it",
    "s3fs": "the lake's bucket opens it by name",
    "redis": "Django's cache, Celery and limits speak through it",
    "whitenoise": "a middleware of the settings",
    "django-csp": "a middleware of the settings",
    "django-htmx": "a middleware of the settings",
    "django-structlog": "an app and a middleware of the settings",
    "psycopg": "Django's database backend",
}


def main() -> int:
    unused = sorted(set(listed()) - used() - set(OTHERWISE))
    for name in unused:
        print(f"{name}: listed in requirements, imported by nothing")
    return 1 if unused else 0


def listed() -> list[str]:
    """Distribution names of what the product runs on, as they are compared."""
    lines = [
        line for file in ("base", "production") for line in Path(f"requirements/{file}.in").read_text().splitlines()
    ]
    return [plain(re.split(r"[\[<>=~! ]", line)[0]) for line in lines if line and not line.startswith(("#", "-"))]


def used() -> set[str]:
    """Distributions of every module that the sources import, in a function or by name too."""
    providers = packages_distributions()
    found = {module for folder in SOURCES for path in Path(folder).rglob("*.py") for module in modules_of(path)}
    return {plain(name) for module in found for name in providers.get(module, [])}


def modules_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module" and node.args:
            names |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return {name.split(".")[0] for name in names}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
