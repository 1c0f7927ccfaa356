"""The web process writes nothing to the lake: only tasks and commands know the store (architecture 7.7)."""

import ast
from pathlib import Path

import connector

ROOT = Path(connector.__file__).parent.parent
SOURCES = [
    *ROOT.glob("connector/**/*.py"),
    *ROOT.glob("accounts/**/*.py"),
    *ROOT.glob("audit/**/*.py"),
    *ROOT.glob("config/**/*.py"),
]
WRITING = {f"connector.lake.{name}" for name in ("store", "members", "tidy", "rewrite", "layout", "commits", "lease")}

# What tasks run. No door (pages, MCP, REST, commands that ask), no tool and no receipt is among them.
WRITERS = ("connector.lake.", "connector.sync.", "connector.privacy.erasure")
ADMIN = ".admin"


def test_only_tasks_and_commands_import_the_store() -> None:
    importers = {module for module in map(module_of, SOURCES) if imports_of(module) & WRITING}

    outside = {module for module in importers if not may_write(module)}

    assert outside == set()
    assert "connector.lake.store" in importers


def test_only_the_lake_knows_its_files() -> None:
    libraries = {"deltalake", "duckdb", "pyarrow", "fsspec", "s3fs"}

    importers = {
        module for module in map(module_of, SOURCES) if {name.split(".")[0] for name in imports_of(module)} & libraries
    }

    assert {module for module in importers if not module.startswith("connector.lake.")} == set()


def may_write(module: str) -> bool:
    is_theirs = module.startswith(WRITERS) or module.endswith(".tasks") or ".management.commands." in module
    return is_theirs and not module.endswith(ADMIN)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports_of(module: str) -> set[str]:
    """Every module named by an import anywhere in the file, `from a import b` as both a and a.b."""
    path = ROOT / Path(*module.split("."))
    text = (path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py").read_text()
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def test_reading_the_lake_brings_no_writer_along() -> None:
    seen: set[str] = set()
    waiting = ["connector.lake.query"]
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting += [
            name
            for name in imports_of(module)
            if name.startswith("connector.lake.") and name not in seen and is_module(name)
        ]

    assert seen & WRITING == set()
    assert "connector.lake.tables" in seen


def is_module(name: str) -> bool:
    return (ROOT / Path(*name.split("."))).with_suffix(".py").exists()
