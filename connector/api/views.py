"""The REST door: parse, call, render. Every list is `{"results": [...], "next": URL or null}`."""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.exceptions import NotFound, ParseError, PermissionDenied
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit_events import visible_events
from accounts.caller import Caller
from accounts.permissions import can
from accounts.roles import Ability
from connector.api import serializers
from connector.api.problems import RETRY_AFTER, problem
from connector.api.schema import page_of, problems
from connector.insights.account_list import account_rows
from connector.installs.models import Install
from connector.receipts.models import Receipt
from connector.sync import enqueue
from connector.sync.models import Run
from connector.sync.plan import open_run
from connector.tools import jobs
from connector.tools.call import BadArguments, UnknownTool, call
from connector.tools.catalogue import listed_for

STATUS_OF_REASON = {"role": 403, "grant_scope": 403, "plan_refused": 403, "rate_limited": 429, "version_gone": 410}


PAGES = {
    "tools": {200: page_of(serializers.ToolSerializer), **problems(401, 403)},
    "accounts": {200: page_of(serializers.AccountSerializer), **problems(400, 401, 403)},
    "receipts": {200: page_of(serializers.ReceiptRowSerializer), **problems(400, 401, 403)},
    "audit": {200: page_of(serializers.AuditEventSerializer), **problems(400, 401, 403)},
}


class Page(CursorPagination):
    page_size = 50
    ordering = "-id"
    cursor_query_param = "cursor"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """DRF believes what a cursor carries; it must be a key such as all our rows have, a UUID."""
        try:
            cursor = super().decode_cursor(request)
            if cursor and request.query_params[self.cursor_query_param]:
                UUID(str(cursor.position))
        except (NotFound, ValueError):
            raise ParseError("This cursor is none that a former page gave. Start again without it.") from None
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.get_next_link()})


class DoorView(APIView):
    """`request.auth` is the Caller (authentication.py)."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in SAFE_METHODS and "read" not in self.caller().scopes:
            raise PermissionDenied("Reading needs a key with the scope read.")

    def caller(self) -> Caller:
        return cast(Caller, self.request.auth)

    def page(self, rows: QuerySet[Any], serializer: Any) -> Response:
        pages = Page()
        found = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(serializer(found, many=True).data)


class ToolsView(DoorView):
    @extend_schema(operation_id="tools_list", responses=PAGES["tools"])
    def get(self, request: Request) -> Response:
        """The tools this key's member may use, with their schemas."""
        return Response(
            {"results": serializers.ToolSerializer(listed_for(self.caller()), many=True).data, "next": None}
        )


class ToolView(DoorView):
    @extend_schema(
        operation_id="tools_call",
        request=dict,
        responses={
            200: OpenApiResponse(dict, "The envelope"),
            202: OpenApiResponse(dict, "Pending, see job"),
            403: OpenApiResponse(dict, "The envelope: the role or the key's scopes do not allow it"),
            410: OpenApiResponse(dict, "The envelope: the data read is no longer held, ask again"),
            503: OpenApiResponse(dict, "The envelope: something upstream broke, see Retry-After"),
            **problems(400, 401, 404, 429),
        },
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
    @extend_schema(operation_id="accounts_list", responses=PAGES["accounts"])
    def get(self, request: Request) -> Response:
        """The Klaviyo accounts this key may see."""
        installs = Install.objects.visible_to(self.caller()).select_related("client", "connected_by", "organization")
        pages = Page()
        found = pages.paginate_queryset(installs, request, view=self) or []
        return pages.get_paginated_response(accounts(found))


class AccountView(DoorView):
    @extend_schema(
        operation_id="accounts_retrieve", responses={200: serializers.AccountSerializer, **problems(401, 403, 404)}
    )
    def get(self, request: Request, account_id: str) -> Response:
        """One Klaviyo account: how it is, and what is held of it."""
        return Response(accounts([find_install(self.caller(), account_id)])[0])


class SyncView(DoorView):
    @extend_schema(
        operation_id="accounts_sync",
        request=None,
        responses={202: serializers.RunSerializer, **problems(401, 403, 404, 409)},
    )
    def post(self, request: Request, account_id: str) -> Response:
        """Read what is new now. Answers 202 with the run, the one that is open already if there is one."""
        install = find_install(self.caller(), account_id)
        if not can(self.caller(), Ability.CONNECT) or "write" not in self.caller().scopes:
            return problem(403, "Starting a sync needs a manager's role or more, and a key with the scope write.")
        if install not in Install.objects.usable():
            return problem(409, "The connection to this account has ended; reconnect it first.")
        run = open_run(install, caller=self.caller())
        enqueue.work_run(run.pk, first_load=run.kind == Run.Kind.FIRST)
        return Response(serializers.RunSerializer(run).data, status=202)


class RunView(DoorView):
    @extend_schema(responses={200: serializers.RunSerializer, **problems(401, 403, 404)})
    def get(self, request: Request, run_id: UUID) -> Response:
        """One sync and how far it is."""
        installs = Install.objects.visible_to(self.caller())
        return Response(serializers.RunSerializer(_one(Run.objects.filter(install__in=installs, pk=run_id))).data)


class JobView(DoorView):
    @extend_schema(
        responses={
            200: OpenApiResponse(dict, "The finished envelope"),
            202: OpenApiResponse(dict, "Pending"),
            503: OpenApiResponse(dict, "It could not be worked out"),
            **problems(401, 403, 404),
        }
    )
    def get(self, request: Request, job_id: str) -> Response:
        """A pending answer: get_job's envelope."""
        if jobs.find_job(self.caller(), job_id) is None:
            raise Http404
        return envelope_response(call(self.caller(), "get_job", {"job": job_id}))


class ReceiptsView(DoorView):
    @extend_schema(operation_id="receipts_list", responses=PAGES["receipts"])
    def get(self, request: Request) -> Response:
        """What was asked and answered, newest first; `status` tells which got no figures."""
        return self.page(Receipt.objects.visible_to(self.caller()).defer("answer"), serializers.ReceiptRowSerializer)


class ReceiptView(DoorView):
    @extend_schema(
        operation_id="receipts_retrieve", responses={200: serializers.ReceiptSerializer, **problems(401, 403, 404)}
    )
    def get(self, request: Request, receipt_id: str) -> Response:
        """One answer with its question, the versions read and every row."""
        receipts = Receipt.objects.visible_to(self.caller())
        return Response(serializers.ReceiptSerializer(_one(receipts.named(receipt_id))).data)


class AuditView(DoorView):
    @extend_schema(operation_id="audit_list", responses=PAGES["audit"])
    def get(self, request: Request) -> Response:
        """Who did what in the organization, newest first."""
        caller = self.caller()
        if not can(caller, Ability.SEE_AUDIT):
            return problem(403, "Your role may not see the audit log.")
        return self.page(visible_events(caller), serializers.AuditEventSerializer)


class MissingView(DoorView):
    """Any other address under /api/v1/: a problem like all others, not a page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is nothing at this address.")


def envelope_response(answer: dict[str, Any]) -> Response:
    """The envelope with the HTTP status that programs expect; to have called too often is a problem, not an answer."""
    status = answer.get("status", "ok")
    code = (answer.get("reason") or {}).get("code", "")
    number = {"pending": 202, "error": 503}.get(status, 200)
    if status in ("refused", "error"):
        number = STATUS_OF_REASON.get(code, number)
    headers = {}
    if number in (429, 503):
        headers["Retry-After"] = str((answer.get("reason") or {}).get("retry_after") or RETRY_AFTER)
    if number == 429:
        return problem(429, str(answer["reason"].get("text") or "Too many calls; try again later."), headers=headers)
    return Response(answer, status=number, headers=headers)


def accounts(installs: list[Install]) -> list[dict[str, Any]]:
    rows = zip(installs, account_rows(installs), strict=True)
    return [{"id": install.klaviyo_id, "name": install.name, **row} for install, row in rows]


def find_install(caller: Caller, account_id: str) -> Install:
    installs = Install.objects.visible_to(caller).select_related("client", "connected_by", "organization")
    return _one(installs.filter(klaviyo_id=account_id))


def _one(rows: QuerySet[Any]) -> Any:
    found = rows.first()
    if found is None:
        raise Http404
    return found
