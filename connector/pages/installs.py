"""Pages of Klaviyo accounts: the list, and one account with its live progress."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.caller import Caller
from accounts.permissions import check
from accounts.roles import Ability
from connector.insights.account_list import purchase_metrics
from connector.insights.refusal import Refusal
from connector.installs import actions
from connector.installs.access import reports_left
from connector.installs.models import Install
from connector.pages.forms import PropertiesForm, PurchaseMetricForm
from connector.pages.install_presenters import asked_scopes, by_client, progress, row, scopes
from connector.pages.member import MemberRequest, enter, member_page
from connector.records.models import Kind, Record
from connector.sync import enqueue
from connector.sync.models import Run
from connector.sync.plan import open_run


@member_page
def installs(request: MemberRequest) -> HttpResponse:
    visible = Install.objects.visible_to(request.caller).select_related("client", "connected_by")
    return render(request, "installs/list.html", {"groups": by_client(visible), "scopes": asked_scopes()})


@member_page
def install_page(request: MemberRequest, id: UUID) -> HttpResponse:
    install = visible_install(request, id)
    page = {
        "row": row(install),
        "scopes": scopes(install),
        "counts": counts(install),
        "reports_left": reports_left(install),
        "runs": install.runs.order_by("-id")[:10],
        "metric_form": PurchaseMetricForm(initial={"metric": install.purchase_metric}, metrics=metrics(install)),
        "purchase": purchase_metric(install),
        "properties_form": PropertiesForm(initial={"names": "\n".join(install.properties)}),
        **live(install),
    }
    return render(request, "installs/detail.html", page)


@require_GET
@member_page
def progress_fragment(request: MemberRequest, id: UUID) -> HttpResponse:
    """What htmx asks for every two seconds; the fragment of an idle account no longer asks."""
    install = visible_install(request, id)
    return render(request, "installs/progress.html", {"row": row(install), **live(install)})


@require_POST
@member_page
def choose_purchase_metric(request: MemberRequest, id: UUID) -> HttpResponse:
    install = visible_install(request, id)
    check(request.caller, Ability.CONNECT)
    form = PurchaseMetricForm(request.POST, metrics=metrics(install))
    if form.is_valid():
        actions.set_purchase_metric(install=install, metric_id=form.cleaned_data["metric"], caller=request.caller)
        messages.success(request, "The purchase metric is set. The next question uses it.")
    else:
        messages.error(request, "That metric is not one of this account. Choose one from the list.")
    return redirect("install", id=install.pk)


@require_POST
@member_page
def choose_properties(request: MemberRequest, id: UUID) -> HttpResponse:
    install = visible_install(request, id)
    check(request.caller, Ability.SETTINGS)
    form = PropertiesForm(request.POST)
    if form.is_valid():
        actions.set_properties(install=install, names=form.cleaned_data["names"], caller=request.caller)
        messages.success(request, "The custom properties are set. The next sync reads them.")
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return redirect("install", id=install.pk)


@require_POST
@member_page
def sync_now(request: MemberRequest, id: UUID) -> HttpResponse:
    """Open a run, or join the one that is open."""
    install = visible_install(request, id)
    check(request.caller, Ability.CONNECT)
    begin(install, request.caller)
    messages.success(request, "The sync is on its way.")
    return redirect("install", id=install.pk)


def visible_install(request: MemberRequest, id: UUID) -> Install:
    """The install, in whichever of the person's organizations owns it; what they may not see does not exist."""
    owner = get_object_or_404(Install.objects.only("organization_id"), pk=id).organization_id
    caller = enter(request, owner)
    return get_object_or_404(Install.objects.visible_to(caller).select_related("client", "connected_by"), pk=id)


def begin(install: Install, caller: Caller) -> None:
    """Have a worker start reading at once, instead of at beat's next look."""
    with transaction.atomic():
        run = open_run(install, caller=caller)
        enqueue.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)


def live(install: Install) -> dict[str, Any]:
    """The open run, if any, and how far it is."""
    run = Run.objects.filter(install=install, state__in=Run.OPEN).first()
    return {"run": run, "progress": progress(run) if run else None}


def metrics(install: Install) -> list[tuple[str, str]]:
    """The account's metrics as choices, shops' purchases first."""
    held = Record.objects.filter(install=install, kind=Kind.METRIC, deleted_at=None)
    ordered = sorted(held, key=lambda metric: (metric.name != "Placed Order", metric.name.casefold()))
    return [(metric.klaviyo_id, label(metric)) for metric in ordered]


def purchase_metric(install: Install) -> dict[str, str]:
    """The `id` and `name` of the metric that counts now, or the `problem` in words."""
    found = purchase_metrics([install])[install.pk]
    return {"problem": found.text} if isinstance(found, Refusal) else {"id": found.klaviyo_id, "name": found.name}


def label(metric: Record) -> str:
    integration = metric.attributes.get("integration")
    return f"{metric.name} ({integration})" if integration else metric.name


def counts(install: Install) -> list[tuple[str, int]]:
    """How many named objects of each kind are held."""
    held = Record.objects.filter(install=install, deleted_at=None)
    return [
        (f"{kind.label}s", held.filter(kind=kind).count())
        for kind in (Kind.CAMPAIGN, Kind.FLOW, Kind.LIST, Kind.SEGMENT, Kind.METRIC)
    ]
