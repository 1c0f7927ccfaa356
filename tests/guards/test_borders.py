"""Who may know what: libraries and modules that stay behind one door. The order of layers is the linter's."""

import ast

from tests.guards.source import called_name, calls, importers, imports, modules

DOORS = ("connector.mcp", "connector.api", "connector.pages", "connector.tools")
OAUTH_LIBRARY = {
    "accounts.models": "base classes of the six tables",
    "accounts.oauth": "the HTTP edge of the OAuth server",
    "accounts.oauth_validator": "what the edge lets the library ask",
}
HTTP_CLIENTS = {
    "connector.klaviyo.wire": "the one way to Klaviyo",
    "config.demo": "plays the person's browser for the demo",
    "connector.sandbox.management.commands.sandbox": "talks to the sandbox's own control, on this machine",
}
OPENERS = ("httpx.Client", "httpx.AsyncClient", "httpx.get", "httpx.post", "httpx.request", "httpx.stream")
WITHOUT_PACKAGES = {"config.supervisor": "asks our own /readyz before any package need be there"}
OTHER_CLIENTS = ("requests", "urllib.request", "http.client", "aiohttp", "urllib3")
ENVIRONMENT = {
    "connector.sandbox.__main__": "a program of its own, without settings",
}


def test_doors_and_tools_never_touch_the_lakes_files() -> None:
    doors = [name for name in modules() if name.startswith(DOORS) or name.endswith(".admin")]
    forbidden = {
        "deltalake",
        "duckdb",
        "pyarrow",
        "connector.lake.store",
        "connector.lake.rewrite",
        "connector.lake.tidy",
    }

    reaching = {name for name in doors if imports(name) & forbidden and not name.endswith(".tasks")}

    assert reaching == set()
    assert len(doors) > 15


def test_nothing_stands_on_an_admin() -> None:
    """An app's admin shows; what others need is in the app itself."""
    admins = [name for name in modules() if name.endswith(".admin")]

    assert {name for admin in admins for name in importers(admin)} == set()
    assert len(admins) > 4


def test_only_the_klaviyo_library_opens_http_clients() -> None:
    assert {name for name in modules() if opens_http(name)} == set(HTTP_CLIENTS)


def opens_http(module: str) -> bool:
    return any(called_name(call) in OPENERS for call in calls(module))


def test_no_second_http_library_is_used() -> None:
    assert {name for library in OTHER_CLIENTS for name in importers(library)} == set(WITHOUT_PACKAGES)


def test_only_models_and_the_oauth_edge_know_the_oauth_library() -> None:
    assert importers("oauth2_provider") == set(OAUTH_LIBRARY)


def test_only_configuration_reads_the_environment() -> None:
    readers = {name for name in modules() if imports(name) & {"os"} and reads_environment(name)}

    assert {name for name in readers if not name.startswith("config.")} == set(ENVIRONMENT)


def reads_environment(module: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and ast.unparse(node) in ("os.environ", "os.getenv", "os.environb")
        for node in ast.walk(modules()[module])
    )


def test_apps_read_settings_through_django_alone() -> None:
    outside = {
        name for name in importers("config.settings") | importers("config.env") if not name.startswith("config.")
    }

    assert outside == set()


def test_nothing_imports_within_a_function_to_hide_a_cycle() -> None:
    hidden = {
        name
        for name, tree in modules().items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert hidden == set()


def test_nobody_asks_whether_this_is_the_sandbox() -> None:
    """The product behaves alike against Klaviyo and the sandbox: no module names the latter, but config and itself."""
    knowing = importers("connector.sandbox")

    assert {name for name in knowing if not name.startswith(("connector.sandbox", "config."))} == set()
