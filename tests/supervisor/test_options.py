"""What script/up is told, by arguments and by the environment."""

import pytest

from config.state import CannotRun
from config.supervisor import options


def test_the_port_is_the_argument_else_the_variable_else_8000() -> None:
    assert options(["--port", "9000"], {"PORT": "9001"}).port == 9000
    assert options([], {"PORT": "9001"}).port == 9001
    assert options([], {}).port == 8000


@pytest.mark.parametrize("port", ["eight", "0", "70000", "-1", "8000.5"])
def test_a_port_that_is_none_is_one_sentence(port: str) -> None:
    with pytest.raises(CannotRun, match="The port must be a number from 1 to 65535"):
        options([f"--port={port}"], {})


@pytest.mark.parametrize("variable", ["KLAVIYO_CLIENT_ID", "KLAVIYO_API_URL"])
def test_a_real_klaviyo_means_no_demo(variable: str) -> None:
    assert options([], {}).is_demo
    assert not options(["--no-demo"], {}).is_demo
    assert not options([], {variable: "something"}).is_demo
