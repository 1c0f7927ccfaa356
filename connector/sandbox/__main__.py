"""Run the sandbox: python -m connector.sandbox --port 8010 --state ./var/sandbox

The app's credentials come by environment: SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, SANDBOX_REDIRECT_URI (several,
separated by spaces). It is ready when GET /healthz answers.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from connector.sandbox.asgi import App, Breakable
from connector.sandbox.changes import Changes
from connector.sandbox.limits import Windows
from connector.sandbox.oauth import App as Registered
from connector.sandbox.oauth import Oauth
from connector.sandbox.server import Sandbox
from connector.sandbox.state import State
from connector.sandbox.world.account import Size
from connector.sandbox.world.making import Plan, World

AT_ONCE = 300_000


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options().parse_args(arguments)
    sandbox = assembled(options, registered(options))
    _warm(sandbox, options)
    # For manage.py sandbox, which may run in a shell that was not told.
    (options.state / "address").write_text(f"http://{options.host}:{options.port}\n")
    config = uvicorn.Config(
        App(sandbox),
        host=options.host,
        port=options.port,
        http=Breakable,
        log_level="error",
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m connector.sandbox", description="A Klaviyo that is not Klaviyo.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps grants and changes")
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--people", type=int, default=1500, help="per account")
    parser.add_argument("--events", type=int, default=30_000, help="per account, about")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--base", type=float, help="where the history ends, in seconds since 1970; first start by default"
    )
    parser.add_argument(
        "--empty-account", action="store_true", help="one more account, with names but no people and no events"
    )
    parser.add_argument("--token-life", type=int, default=3600, help="seconds")
    parser.add_argument("--rotate", action="store_true", help="a new refresh token with every refresh")
    parser.add_argument("--no-limits", action="store_true")
    return parser


def registered(options: argparse.Namespace) -> Registered:
    """The app, from the environment."""
    names = ("SANDBOX_CLIENT_ID", "SANDBOX_CLIENT_SECRET", "SANDBOX_REDIRECT_URI")
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        sys.exit(f"The sandbox needs {', '.join(missing)} in its environment.")
    id, secret, redirects = (os.environ[name] for name in names)
    return Registered(id, secret, tuple(redirects.split()), options.token_life, options.rotate)


def assembled(options: argparse.Namespace, app: Registered) -> Sandbox:
    """All the parts. The plan of the first start stays, whatever is asked for later: changes rest on it."""
    state = State(options.state)
    asked = {"seed": options.seed, "base": int(options.base or time.time()), "accounts": options.accounts,
             "people": options.people, "events": options.events, "empty": options.empty_account,
             "happened": True}  # fmt: skip
    plan = state.settled("plan", asked)
    size = Size(plan["people"], plan["events"])
    world = World(Plan(plan["seed"], plan["base"], plan["accounts"], size, plan["empty"], plan.get("happened", False)))
    windows = Windows(state, on=not options.no_limits)
    oauth = Oauth(app, state, world.shops, windows)
    return Sandbox(state=state, changes=Changes(state, world), oauth=oauth, windows=windows)


def _warm(sandbox: Sandbox, options: argparse.Namespace) -> None:
    """Make small accounts before the first request comes, and large ones while it may already come."""

    def make() -> None:
        for id in sandbox.oauth.shops:
            sandbox.changes.account(id)

    if options.accounts * options.events <= AT_ONCE:
        make()
    else:
        threading.Thread(target=make, daemon=True).start()


if __name__ == "__main__":
    main()
