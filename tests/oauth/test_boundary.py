"""Where the OAuth library may be known: a promise that keeps it replaceable."""

import ast
from pathlib import Path

from django.conf import settings

MAY_KNOW = {"accounts/models.py", "accounts/oauth.py", "accounts/oauth_validator.py"}


def test_nothing_but_the_oauth_edge_knows_the_oauth_library() -> None:
    known_in = set()
    for top in ("config", "audit", "accounts", "connector"):
        for file in (settings.BASE_DIR / top).rglob("*.py"):
            if "migrations" not in file.parts and "oauth2_provider" in _imports(file):
                known_in.add(str(file.relative_to(settings.BASE_DIR)))

    assert known_in == MAY_KNOW


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
