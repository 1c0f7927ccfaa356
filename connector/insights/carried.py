"""What an event carries besides its value: the NAMEs of group_by's `event:NAME`, open from the start, and the SQL of each."""

from dataclasses import dataclass
from typing import Any, Final

from connector.insights.arguments import bad
from connector.insights.relations import local
from connector.insights.resolver import Resolver


@dataclass(frozen=True)
class Carried:
    """`value` of a row with these columns of EVENTS. A list is unnested: it counts in each of its distinct texts, an empty
    one as none. `is_named`: read from the CTE of `named`; `is_local`: from the rows of `local`."""

    columns: str
    value: str
    is_named: bool = False
    is_local: bool = False


CODES: Final = "list_distinct(discount_codes)"
CARRIED: Final[dict[str, Carried]] = {
    "Bounce Type": Carried("bounce_type", "bounce_type"),
    "Client Type": Carried("client_type", "client_type"),
    "Discount Codes": Carried("discount_codes", f"unnest(case when len({CODES}) > 0 then {CODES} else [null] end)"),
    "Form Name": Carried("form_name", "form_name"),
    "form_id": Carried("form_id", "form_id"),
    "List": Carried(
        "list_name, list_id",
        "coalesce(list_name, (select min(named.name) from named where named.id = list_id))",
        is_named=True,
    ),
    "Method": Carried("method", "method"),
    "Source Name": Carried("source_name", "source_name"),
    "Subject": Carried("message", "(select min(named.name) from named where named.id = message)", is_named=True),
    "URL": Carried("url", "url"),
    "$variation": Carried("variation", "variation"),
    "hour": Carried("0 as nothing", "cast((local // 3600) % 24 as varchar)", is_local=True),
    # 1970-01-01 was a Thursday
    "weekday": Carried("0 as nothing", "cast((local // 86400 + 3) % 7 + 1 as varchar)", is_local=True),
}
EVENT: Final = "event:"


def name_of(group_by: str) -> str:
    """The NAME of `event:NAME`; "" of anything else."""
    return group_by.removeprefix(EVENT) if group_by.startswith(EVENT) else ""


def check_name(group_by: str, without: tuple[str, ...] = ()) -> None:
    """Raises BadArguments for an `event:NAME` that is not open."""
    known = [name for name in CARRIED if name not in without]
    if group_by.startswith(EVENT) and name_of(group_by) not in known:
        raise bad("group_by", f"{group_by!r} is not known; event: takes {', '.join(known)}")


def rows_of(name: str, events: str) -> str:
    """The rows of a CTE with `us` and the columns of NAME, fit to take its value from."""
    return local(events) if CARRIED[name].is_local else events


def named(name: str) -> str:
    """A further CTE with the names that a value is looked up in; "" where none is."""
    return (
        ", named as (select unnest($named_ids) as id, unnest($named_names) as name)" if CARRIED[name].is_named else ""
    )


def bound_names(resolver: Resolver, name: str) -> dict[str, Any]:
    """The parameters of `named`."""
    if not CARRIED[name].is_named:
        return {}
    known = (
        resolver.records.subjects()
        if name == "Subject"
        else {each.id: each.name for each in resolver.records.every("list")}
    )
    return {"named_ids": list(known) or [""], "named_names": list(known.values()) or [""]}
