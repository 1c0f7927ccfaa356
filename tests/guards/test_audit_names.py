"""The audit's names: one list, each used, none missing."""

import ast
import re

from audit.operations import OPERATIONS
from connector.pages.audit_presenters import CATEGORIES, ICONS
from tests.guards.source import modules

NAME = re.compile(r"[a-z]+\.[a-z_]+")
CATEGORY_NAMES = frozenset(name.split(".")[0] for name in OPERATIONS)


def texts_like_names() -> dict[str, str]:
    """Texts in code that look like an operation's name, and the module each stands in."""
    found = {}
    for module, tree in modules().items():
        if module == "audit.operations" or module.startswith("connector.sandbox"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in OPERATIONS:
                found[node.value] = module
    return found


def recorded() -> set[str]:
    """First arguments of `record(...)` and `build(...)` of the audit, where they are plain texts."""
    names = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args):
                continue
            if node.func.id in ("record", "build"):
                names |= {
                    each.value
                    for each in ast.walk(node.args[0])
                    if isinstance(each, ast.Constant) and isinstance(each.value, str)
                }
    return names


def test_every_name_recorded_is_known() -> None:
    assert {name for name in recorded() if name not in OPERATIONS} == set()
    assert "tool.called" in recorded()


def test_every_known_name_is_recorded_somewhere() -> None:
    assert {name for name in OPERATIONS if name not in texts_like_names()} == set()


def test_every_category_has_a_title_and_an_icon() -> None:
    assert CATEGORY_NAMES == set(CATEGORIES) == set(ICONS)


def test_names_are_categories_with_an_operation_and_sentences_are_sentences() -> None:
    for name, sentence in OPERATIONS.items():
        assert NAME.fullmatch(name), name
        assert sentence and sentence[0].islower() and not sentence.endswith("."), name
