"""The REST door: parse, call, render. Every list is `{"results": [...], "next": URL or null}`."""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.caller import Caller
from accounts.permissions import Ability, can
from audit.models import AuditEvent
from connector.api import serializers
from connector.api.problems import problem
from connector.insights.account_list import account_row
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.sync import wake
from connector.sync.models import Run
from connector.sync.plan import open_run
from connector.tools import jobs
from connector.tools.call import BadArguments, UnknownTool, call
from connector.tools.catalogue import listed_for

STATUS_OF_REASON = {"role": 403, "grant_scope": 403, "plan_refused": 403, "rate_limited": 429, "version_gone": 410}
RETRY_AFTER = 30


class Page(CursorPagination):
    page_size = 50
    ordering = "-id"
    cursor_query_param = "cursor"

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})


class DoorView(APIView):
    """`request.auth` is the Caller (authentication.py)."""

    def caller(self) -> Caller:
        return cast(Caller, self.request.auth)

    def page(self, rows: QuerySet[Any], serializer: Any) -> Response:
        pages = Page()
        found = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(serializer(found, many=True).data)


class ToolsView(DoorView):
    @extend_schema(responses=serializers.ToolSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The tools this key's member may use, with their schemas."""
        return Response(
            {"results": serializers.ToolSerializer(listed_for(self.caller()), many=True).data, "next": None}
        )


class ToolView(DoorView):
    @extend_schema(
        request=dict,
        responses={200: OpenApiResponse(dict, "The envelope"), 202: OpenApiResponse(dict, "Pending, see job")},
    )
    def post(self, request: Request, tool: str) -> Response:
        """Call one tool; the body is its arguments. Answers the envelope."""
        if not isinstance(request.data, dict):
            return problem(400, "The body must be a JSON object with the tool's arguments.")
        try:
            answer = call(self.caller(), tool, request.data)
        except UnknownTool as error:
            return problem(404, str(error))
        except BadArguments as error:
            return problem(400, str(error), error.problems)
        return envelope_response(answer)


class AccountsView(DoorView):
    @extend_schema(responses=dict)
    def get(self, request: Request) -> Response:
        """The Klaviyo accounts this key may see."""
        installs = Install.objects.visible_to(self.caller()).select_related("client", "connected_by", "organization")
        pages = Page()
        found = pages.paginate_queryset(installs, request, view=self) or []
        return pages.get_paginated_response([account(install) for install in found])


class AccountView(DoorView):
    @extend_schema(responses=dict)
    def get(self, request: Request, account_id: str) -> Response:
        return Response(account(find_install(self.caller(), account_id)))


class SyncView(DoorView):
    @extend_schema(request=None, responses={202: serializers.RunSerializer})
    def post(self, request: Request, account_id: str) -> Response:
        """Read what is new now. Answers 202 with the run, the one that is open already if there is one."""
        install = find_install(self.caller(), account_id)
        if not can(self.caller(), Ability.CONNECT) or "write" not in self.caller().scopes:
            return problem(403, "Starting a sync needs a manager's role or more, and a key with the scope write.")
        if install not in Install.objects.usable():
            return problem(409, "The connection to this account has ended; reconnect it first.")
        run = open_run(install, caller=self.caller())
        wake.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)
        return Response(serializers.RunSerializer(run).data, status=202)


class RunView(DoorView):
    @extend_schema(responses=serializers.RunSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        installs = Install.objects.visible_to(self.caller())
        return Response(serializers.RunSerializer(_one(Run.objects.filter(install__in=installs, pk=run_id))).data)


class JobView(DoorView):
    @extend_schema(
        responses={200: OpenApiResponse(dict, "The finished envelope"), 202: OpenApiResponse(dict, "Pending")}
    )
    def get(self, request: Request, job_id: str) -> Response:
        """A pending answer: get_job's envelope."""
        if jobs.find_job(self.caller(), job_id) is None:
            raise Http404
        return envelope_response(call(self.caller(), "get_job", {"job": job_id}))


class ReceiptsView(DoorView):
    @extend_schema(responses=serializers.ReceiptRowSerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.page(Receipt.objects.visible_to(self.caller()), serializers.ReceiptRowSerializer)


class ReceiptView(DoorView):
    @extend_schema(responses=serializers.ReceiptSerializer)
    def get(self, request: Request, receipt_id: str) -> Response:
        receipts = Receipt.objects.visible_to(self.caller())
        return Response(serializers.ReceiptSerializer(_one(receipts.named(receipt_id))).data)


class AuditView(DoorView):
    @extend_schema(responses=serializers.AuditEventSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Who did what in the organization, newest first."""
        caller = self.caller()
        if not can(caller, Ability.SEE_AUDIT):
            return problem(403, "Your role may not see the audit log.")
        events = AuditEvent.objects.filter(organization_id=caller.organization.pk)
        if caller.installs is not None:
            events = events.filter(install_id__in=caller.installs)
        return self.page(events, serializers.AuditEventSerializer)


def envelope_response(answer: dict[str, Any]) -> Response:
    """The envelope with the HTTP status that programs expect."""
    status = answer.get("status", "ok")
    code = (answer.get("reason") or {}).get("code", "")
    number = {"pending": 202, "error": 503}.get(status, 200)
    if status in ("refused", "error"):
        number = STATUS_OF_REASON.get(code, number)
    headers = {}
    if number in (429, 503):
        headers["Retry-After"] = str((answer.get("reason") or {}).get("retry_after") or RETRY_AFTER)
    return Response(answer, status=number, headers=headers)


def account(install: Install) -> dict[str, Any]:
    return {"id": install.klaviyo_id, "name": install.name, **account_row(install)}


def find_install(caller: Caller, account_id: str) -> Install:
    installs = Install.objects.visible_to(caller).select_related("client", "connected_by", "organization")
    return _one(installs.filter(klaviyo_id=account_id))


def _one(rows: QuerySet[Any]) -> Any:
    found = rows.first()
    if found is None:
        raise Http404
    return found
