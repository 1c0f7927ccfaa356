"""A whole answer page by page: the groups that fit, and a cursor for the rest."""

from connector.tools import cursors, fit
from connector.tools.envelope import Envelope
from connector.tools.fit import Offset
from connector.tools.tool import Tool


def page_of(tool: Tool, whole: Envelope, limit: int, offset: Offset, size: int = fit.SIZE) -> Envelope:
    """The groups from `offset` on that fit into `size` bytes; `more` with a cursor when some are left out."""
    page, left_out, after = fit.fitted(whole, tool.groups, limit, offset, size)
    if left_out and whole["receipt"]:
        carried = {"r": whole["receipt"]["id"], "g": after.group, "b": after.buckets, "a": after.account, "l": limit}
        page["more"] = {"cursor": cursors.made(tool.name, carried), "left_out": left_out}
    return page
