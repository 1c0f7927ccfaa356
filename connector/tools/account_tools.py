"""Tools without figures: they answer from our own tables, and leave no receipt."""

from connector.insights.account_list import account_rows, accounts_listed
from connector.insights.coverage import state_of
from connector.insights.periods import utc_text
from connector.insights.question import Question
from connector.installs.models import Install
from connector.tools import cursors, fit
from connector.tools.envelope import Envelope, blank, span

LIMIT = 25
NAMED = 10  # accounts named in the sentence


def list_accounts(question: Question) -> Envelope:
    """The accounts by name, as many as `limit` and the size of a result allow."""
    args, offset = dict(question.args), 0
    if "cursor" in args:
        carried = cursors.read("list_accounts", args)
        args, offset = carried["q"], carried["p"]
    installs = accounts_listed(question.caller, args)
    shown = installs[offset : offset + args.get("limit", LIMIT)]
    made = _page(installs, shown)
    left_out = len(installs) - offset - len(made["data"]["accounts"])
    if left_out > 0:
        carried = {"q": args, "p": len(installs) - left_out}
        made["more"] = {"cursor": cursors.made("list_accounts", carried), "left_out": left_out}
    return made


def _page(installs: list[Install], shown: list[Install]) -> Envelope:
    """As many of those to be shown as fit."""
    made = blank("ok", _sentence(installs, shown))
    made["method"] = {
        "definition": "Klaviyo accounts of the organization that this caller may see, by name.",
        "period": None,
        "basis": "events",
    }
    rows = account_rows(shown)
    freshness = [{"account": each.klaviyo_id, **span(state_of(each)), "version": None} for each in shown]
    sizes = [fit.size_of(row) + fit.size_of(fresh) for row, fresh in zip(rows, freshness, strict=True)]
    number = fit.most_that_fit(sizes, fit.SIZE - fit.SPARE - fit.size_of(made) - 2 * fit.SPARE)
    return made | {"data": {"accounts": rows[:number]}, "freshness": freshness[:number]}


def _sentence(installs: list[Install], shown: list[Install]) -> str:
    if not shown:
        return "No account fits. Connect one on the page Accounts, or ask an admin for access."
    names = [f"{each.name} ({each.klaviyo_id}, {each.get_status_display().lower()})" for each in shown[:NAMED]]
    number = "1 account" if len(installs) == 1 else f"{len(installs)} accounts"
    return f"{number}: {', '.join(names)}."


def get_profile(question: Question) -> Envelope:
    caller = question.caller
    installs = Install.objects.visible_to(caller).count()
    made = blank("ok", f"{caller.user.email}, {caller.role} of {caller.organization.name}.")
    made["data"] = {
        "member": {"email": caller.user.email, "name": caller.user.name},
        "role": caller.role,
        "organization": {
            "id": str(caller.organization.pk),
            "name": caller.organization.name,
            "slug": caller.organization.slug,
        },
        "client": caller.client or None,
        "scopes": sorted(caller.scopes),
        "installs": installs,
        "expires": utc_text(caller.connection_expires),
    }
    return made
