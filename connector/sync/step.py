"""One worker's step at a run: the way to Klaviyo, the claim on the run, and when to hand over."""

import time
from dataclasses import dataclass
from typing import Any

from connector.installs.models import Install
from connector.klaviyo.client import Klaviyo
from connector.sync.claim import Claim
from connector.sync.models import Run


@dataclass
class Step:
    """`ends` is on time.monotonic(): from then on a phase saves its checkpoint at the next safe point and returns False."""

    claim: Claim[Run]
    klaviyo: Klaviyo
    ends: float

    @property
    def run(self) -> Run:
        return self.claim.row

    @property
    def install(self) -> Install:
        return self.claim.row.install

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.ends

    @property
    def owner(self) -> str:
        """Who writes the lake, in words for whoever finds it held."""
        return f"run {self.run.pk}"

    def save(self, *, checkpoint: dict[str, Any] | None = None, **columns: Any) -> None:
        """Save what the run has reached. `checkpoint` holds the changed parts only. Raises ClaimLost."""
        if checkpoint is not None:
            columns["checkpoint"] = {**self.run.checkpoint, **checkpoint}
            columns.setdefault("attempts", 0)  # the checkpoint has moved: what fails from here on is another failure
        self.claim.save(state=Run.State.RUNNING, **columns)
