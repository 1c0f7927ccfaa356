"""A sandbox that remembers every reply it gave, by operation."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connector.sandbox.call import Answer
from connector.sandbox.errors import Refusal
from connector.sandbox.facts import find
from connector.sandbox.server import Request
from connector.sandbox.state import Install
from tests.contract.validity import problems
from tests.sandbox.running import Running, running


@dataclass
class Recorded:
    """`answers` holds (operation, status, body) in the order they were given."""

    klaviyo: Running
    answers: list[tuple[str, int, bytes]] = field(default_factory=list)

    def problems(self) -> list[str]:
        return [one for answer in self.answers for one in problems(*answer)]

    def succeeded(self) -> set[str]:
        return {operation for operation, status, _ in self.answers if status < 300}


@contextmanager
def recorded(folder: Path, **options: Any) -> Iterator[Recorded]:
    with running(folder, **options) as klaviyo:
        recording = Recorded(klaviyo)
        honest = klaviyo.sandbox.answer

        def answer(request: Request, install: Install | None) -> Answer:
            given = honest(request, install)
            try:
                operation = find(request.method, request.path.rstrip("/"))[0].id
            except Refusal:
                operation = "none"
            recording.answers.append((operation, given.status, given.body))
            return given

        klaviyo.sandbox.answer = answer  # type: ignore[method-assign]  # remembering is all that changes
        yield recording
