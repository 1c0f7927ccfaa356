"""Where a fault happened, for the log: the texts of exceptions quote what was asked and what stands in the data."""

import traceback
from pathlib import Path
from typing import Final

FRAMES: Final = 12  # the innermost, where the fault is


def trace_of(error: BaseException) -> str:
    """`ValueError at file.py:7 in name < file.py:3 in caller`, innermost first; of the cause before it too, without any text."""
    found = _one(error)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return f"{found}, after {_one(cause)}" if cause else found


def _one(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}" for frame in reversed(frames)]
    return f"{type(error).__name__} at {' < '.join(places)}"
