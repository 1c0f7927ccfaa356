"""What a deployment may set: typed, said by name when wrong, never by value, and all of it in .env.example."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config import env as environment
from config.env import Env, load

ROOT = Path(environment.__file__).parent.parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with what must be there and nothing else of ours."""
    for name in Env.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("PLUMBLINE_HOME", str(tmp_path))
    monkeypatch.setenv("SECRET_KEY", "a-key-of-this-test")
    monkeypatch.setenv("FIELD_KEYS", "c2l4dGVlbiBieXRlcyB0d2ljZSBmb3IgYSBrZXkhISE=")
    return tmp_path


WRONG = [
    ("PORT", "eighty-hunter2"),
    ("PORT", "70000"),
    ("PUBLIC_URL", "https://hunter2.example/path"),
    ("PUBLIC_URL", "https://name:hunter2@host.example"),
    ("PUBLIC_URL", "ftp://hunter2"),
    ("PUBLIC_URL", "http://[hunter2"),
    ("PUBLIC_URL", "https://host:hunter2"),
    ("FIELD_KEYS", "hunter2"),
    ("FIELD_KEYS", " , "),
    ("FIELD_KEYS", "hünter2"),
    ("DATABASE_URL", "mysql://root:hunter2@host/name"),
    ("DATABASE_URL", "postgres://root:hunter2@host:port/name"),
    ("DATABASE_URL", "hunter2"),
    ("DATABASE_POOL", "hunter2"),
    ("REDIS_URL", "amqp://root:hunter2@host"),
    ("REDIS_URL", "redis://:hunter2@host:port"),
    ("LAKE_URL", "ftp://hunter2/lake"),
    ("KLAVIYO_API_URL", "https://a.klaviyo.com/api/hunter2"),
    ("KLAVIYO_AUTHORIZE_URL", "hunter2"),
    ("KLAVIYO_REVISION", "hunter2"),
    ("EMAIL_URL", "smtp://root:hunter2@host:port"),
    ("EMAIL_URL", "hunter2"),
    ("SENTRY_DSN", "hunter2"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_said_by_its_name_and_never_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as stopped:
        load()

    said = str(stopped.value)
    assert f"{name}: " in said
    assert value.strip(" ,") == "" or value not in said
    assert "hunter2" not in said


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_KEYS"])
@pytest.mark.parametrize("value", [None, ""])
def test_what_must_be_set_says_so(home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None) -> None:
    monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit, match=f"{name}: is not set"):
        load()


def test_every_wrong_value_is_told_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "none")
    monkeypatch.setenv("REDIS_URL", "none")
    monkeypatch.delenv("SECRET_KEY")

    with pytest.raises(SystemExit) as stopped:
        load()

    assert all(name in str(stopped.value) for name in ("PORT", "REDIS_URL", "SECRET_KEY"))


def test_without_more_everything_is_embedded_and_klaviyo_is_klaviyo(home: Path) -> None:
    made = load()

    assert made.public_url == "http://localhost:8000"
    assert made.database_url == f"sqlite:///{home.resolve() / 'plumbline.sqlite3'}"
    assert made.lake_url == str(home.resolve() / "lake")
    assert (made.redis_url, made.is_https) == ("", False)
    assert made.klaviyo_api_url == "https://a.klaviyo.com"
    assert made.klaviyo_authorize_url == "https://www.klaviyo.com/oauth/authorize"


def test_another_api_has_its_consent_page_beside_it_unless_told_otherwise(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KLAVIYO_API_URL", "http://127.0.0.1:9000/")
    assert load().klaviyo_authorize_url == "http://127.0.0.1:9000/oauth/authorize"

    monkeypatch.setenv("KLAVIYO_AUTHORIZE_URL", "https://consent.example/page")
    assert load().klaviyo_authorize_url == "https://consent.example/page"


def test_the_environment_wins_over_what_script_up_wrote(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secrets.env").write_text("SECRET_KEY='from the file'\nKLAVIYO_CLIENT_ID='of the file'\n")
    (home / "running.env").write_text("PUBLIC_URL='http://localhost:8123'\n")

    made = load()

    assert made.secret_key.get_secret_value() == "a-key-of-this-test"
    assert (made.klaviyo_client_id, made.public_url) == ("of the file", "http://localhost:8123")


def test_keys_are_read_newest_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer, older = "bmV3ZXIgYnl0ZXMgdHdpY2UgZm9yIGEga2V5ISEhISE=", "c2l4dGVlbiBieXRlcyB0d2ljZSBmb3IgYSBrZXkhISE="
    monkeypatch.setenv("FIELD_KEYS", f"{newer}, {older} ,")

    assert load().field_keys == (newer, older)


def test_no_secret_shows_when_the_environment_is_printed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = {
        "KLAVIYO_CLIENT_SECRET": "hunter2",
        "DATABASE_URL": "postgres://root:hunter2@host/name",
        "REDIS_URL": "redis://:hunter2@host:6379/0",
        "EMAIL_URL": "smtp://root:hunter2@host:587/",
        "SENTRY_DSN": "https://hunter2@sentry.example/1",
    }
    for name, value in secret.items():
        monkeypatch.setenv(name, value)

    shown = repr(load())

    assert "hunter2" not in shown
    assert "a-key-of-this-test" not in shown and "c2l4dGVl" not in shown


def printed(*arguments: str) -> str:
    command = [sys.executable, "-m", "config.env", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_the_example_names_every_variable_and_the_file_is_current() -> None:
    said = printed()

    assert said == (ROOT / ".env.example").read_text()
    for name, field in Env.model_fields.items():
        assert f"\n{name.upper()}=" in said or f"\n#{name.upper()}=" in said
        assert field.description and f"# {field.description}\n" in said


def test_the_table_in_the_docs_names_every_variable_and_is_current() -> None:
    said = printed("--table")

    assert said == (ROOT / "docs" / "environment.md").read_text()
    assert {line.split("`")[1] for line in said.splitlines() if line.startswith("| `")} == {
        name.upper() for name in Env.model_fields
    }


def test_a_program_with_a_wrong_environment_ends_with_the_reason(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PLUMBLINE_HOME": str(tmp_path), "PORT": "none"}

    ended = subprocess.run(
        [sys.executable, "manage.py", "check"], capture_output=True, text=True, env=environ, cwd=ROOT, check=False
    )

    assert ended.returncode == 1
    assert "SECRET_KEY: is not set" in ended.stderr and "PORT: " in ended.stderr
    assert "Traceback" not in ended.stderr
