"""The pages that the demo's connecting reads, and where what it sends goes."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest

from config.demo import ThisMachine, read_form

RADIO = """<form method="post" action="/oauth/authorize?x=1"><input type="hidden" name="state" value="a&amp;b">
<label><input type="radio" name="account" value="AAA111">One</label><input type="radio" name="account" value="BBB222">
<select name="role"><option value="owner">Owner</option></select><button name="decision" value="allow">Allow</button></form>"""
SELECT = """<form method="post"><select name="account"><option value="AAA111">One<option value="BBB222">Two</select>
<select name="role"><option value="owner">Owner</option></select></form>"""


@pytest.mark.parametrize("page", [RADIO, SELECT])
def test_the_offered_accounts_are_read_from_radio_buttons_and_from_a_select(page: str) -> None:
    assert read_form(page).accounts == ["AAA111", "BBB222"]


def test_hidden_fields_and_the_address_of_the_form_are_read_as_a_browser_does() -> None:
    form = read_form(RADIO)

    assert form.hidden == {"state": "a&b"}
    assert form.action == "/oauth/authorize?x=1"


def test_what_is_meant_for_the_public_address_goes_to_this_machine_as_a_proxy_would_send_it(echo: int) -> None:
    http = httpx.Client(transport=ThisMachine("https://plumbline.example", echo))

    answer = http.get("https://plumbline.example/installs/")

    assert answer.json() == {"path": "/installs/", "host": "plumbline.example", "proto": "https", "cookie": None}


def test_cookies_and_redirects_go_by_the_public_address(echo: int) -> None:
    http = httpx.Client(transport=ThisMachine("https://plumbline.example", echo), follow_redirects=True)

    answer = http.get("https://plumbline.example/redirect")

    assert str(answer.url) == "https://plumbline.example/there"
    assert answer.json()["cookie"] == "seen=yes"


def test_other_addresses_are_left_as_they_are(echo: int) -> None:
    http = httpx.Client(transport=ThisMachine("https://plumbline.example", 9))

    answer = http.get(f"http://127.0.0.1:{echo}/oauth/authorize")

    assert answer.json() == {"path": "/oauth/authorize", "host": f"127.0.0.1:{echo}", "proto": None, "cookie": None}


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that answers what it was asked."""
    server = HTTPServer(("127.0.0.1", 0), Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        names = {"host": "Host", "proto": "X-Forwarded-Proto", "cookie": "Cookie"}
        told = {"path": self.path} | {name: self.headers[header] for name, header in names.items()}
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/there")
            self.send_header("Set-Cookie", "seen=yes; Secure; Path=/")
        else:
            self.send_response(200)
        self.end_headers()
        self.wfile.write(httpx.Request("POST", "http://x", json=told).content)

    def log_message(self, format: str, *args: object) -> None:
        pass
