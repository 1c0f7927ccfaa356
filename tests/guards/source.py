"""The product's source as the guards read it: modules, and what each of them imports and calls."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import connector

ROOT: Final = Path(connector.__file__).parent.parent
PACKAGES: Final = ("accounts", "audit", "config", "connector")


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name, migrations aside: they are history."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts]
    return {_name(path): ast.parse(path.read_text()) for path in sorted(files)}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(module: str) -> set[str]:
    """Every module named by an import anywhere in the file; `from a import b` as both a and a.b."""
    found: set[str] = set()
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def importers(package: str) -> set[str]:
    """Modules that import the package or anything within it."""
    return {
        module
        for module in modules()
        if any(name == package or name.startswith(f"{package}.") for name in imports(module))
    }


def calls(module: str) -> Iterator[ast.Call]:
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Call):
            yield node


def called_name(call: ast.Call) -> str:
    """`a.b.c(...)` as "a.b.c"; "" for what is called otherwise."""
    return ast.unparse(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else ""
