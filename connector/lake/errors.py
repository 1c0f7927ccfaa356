"""What can go wrong with the lake, by what the caller does next. No message carries a row, a person or an event id.

LakeError
├── LeaseHeld        someone else writes this install: try again later
├── LeaseLost        our lease ran out and was taken: stop writing
├── RowsRefused      rows that do not fit the schema or the window: a fault of ours
├── LakeUnwritable   disk full, folder read-only: a person must act, then the run goes on
├── WriteConflict    another writer kept winning: try again later
├── StagedGone       the parts of an unfinished reading are no longer held: begin it again
├── VersionGone      the version is no longer held: ask again on the newest
├── DeadlinePassed   the question took too long and was stopped
├── TooBusy          no free slot for a question within its deadline
├── TooLarge         a question or a rewrite needs more memory than one may have
└── OpenedBeforeFork the lake was touched before this process was forked: a fault of ours
"""


class LakeError(Exception):
    """Anything about the lake; the text is one sentence that may be shown."""


class LeaseHeld(LakeError):
    pass


class LeaseLost(LakeError):
    pass


class RowsRefused(LakeError, ValueError):
    pass


class LakeUnwritable(LakeError):
    pass


class WriteConflict(LakeError):
    pass


class StagedGone(LakeError):
    pass


class VersionGone(LakeError):
    pass


class DeadlinePassed(LakeError):
    pass


class TooBusy(LakeError):
    pass


class TooLarge(LakeError):
    pass


class OpenedBeforeFork(LakeError, RuntimeError):
    pass
