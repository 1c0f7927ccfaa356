"""What a person decides on the consent page: where an assistant may ask, about which accounts, with which scopes.

accounts/oauth.py checks the assistant's request before any of it; here stands the person's side alone.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.caller import Caller, install_ids
from accounts.clients import pin_of
from accounts.middleware import chosen_membership, page_caller
from accounts.models import Application, Connection, Membership
from accounts.oauth import Asked, AuthorizeView
from connector.installs.models import Install

EARLIER_SHOWN: Final = 5  # the newest; all are on the assistants' page
WHICH_ACCOUNTS: Final = ("all", "now", "some")  # also those connected later, all that there are, the ticked ones


@dataclass(frozen=True, slots=True)
class Choice:
    """One organization on the page, with the accounts that this member may let the assistant see."""

    membership: Membership
    caller: Caller
    installs: list[Install]
    lacks_factor: bool


@dataclass(slots=True)
class Consent:
    """What the form says: filled as first shown, then as posted. `problem` is the sentence shown above the form.

    `earlier` are this person's connections of the same assistant, `ended` those of them that this one replaces.
    """

    choices: list[Choice]
    earlier: list[Connection]
    chosen: Choice | None = None
    accounts: str = "all"
    ticked: set[str] = field(default_factory=set)
    scopes: set[str] = field(default_factory=lambda: {"read"})
    ended: list[Connection] = field(default_factory=list)
    problem: str = ""

    @property
    def installs(self) -> frozenset[UUID] | None:
        """The accounts that Allow grants; None is all, later ones too."""
        if self.accounts == "all":
            return None
        if self.accounts == "now":
            return frozenset(install.pk for install in self.chosen.installs) if self.chosen else frozenset()
        return install_ids(sorted(self.ticked))


class ConsentView(AuthorizeView):
    """The page at the authorization endpoint."""

    def asking(self, asked: Asked) -> HttpResponse:
        return self.consent_page(asked, first_consent(self.request, asked.application))

    def deciding(self, asked: Asked) -> HttpResponse:
        consent = posted_consent(self.request, asked.application)
        chosen = consent.chosen
        if self.request.POST.get("allow") == "false":
            return self.refused(asked, chosen.caller if chosen else page_caller(self.request))
        if consent.problem or chosen is None:
            return self.consent_page(asked, consent, status=400)
        return self.approved(
            asked,
            caller=chosen.caller,
            scopes=consent.scopes,
            installs=consent.installs,
            replaced=consent.ended,
        )

    def consent_page(self, asked: Asked, consent: Consent, status: int = 200) -> HttpResponse:
        context = {
            "application": asked.application,
            "redirect_host": urlsplit(asked.redirect_uri).hostname or urlsplit(asked.redirect_uri).scheme,
            "is_known": pin_of(asked.application.client_id) is not None,
            "is_document": asked.application.registration_source == Application.RegistrationSource.CIMD,
            "asks_write": "write" in asked.scopes,
            "stays_connected": "offline_access" in asked.scopes,
            "consent": consent,
        }
        return render(self.request, "oauth/consent.html", context, status=status)


def first_consent(request: HttpRequest, application: Application) -> Consent:
    """The form as first shown: the organization in use, all accounts, reading alone."""
    consent = Consent(choices_of(request), earlier_of(request, application))
    in_use = chosen_membership(request)
    consent.chosen = next((choice for choice in consent.choices if choice.membership == in_use), None)
    return consent


def posted_consent(request: HttpRequest, application: Application) -> Consent:
    """The form as posted, with the first problem it has. Only the person's own organizations and accounts count."""
    form = request.POST
    consent = Consent(choices_of(request), earlier_of(request, application))
    consent.accounts = form.get("accounts", "all")
    consent.scopes |= {scope for value in form.getlist("scope") for scope in value.split()}
    consent.ended = [connection for connection in consent.earlier if str(connection.pk) in form.getlist("end")]
    consent.chosen = _choice_named(consent.choices, form.get("organization"))
    if form.get("allow") not in ("true", "false"):
        consent.problem = "Press Allow or Refuse."
    elif consent.chosen is None:
        consent.problem = "Choose one of your organizations."
    elif consent.chosen.lacks_factor:
        name = consent.chosen.membership.organization.name
        consent.problem = f"{name} asks its members for a second factor. Set one up, then connect again."
    else:
        consent.problem = _choose_accounts(consent, consent.chosen, set(form.getlist("installs")))
    return consent


def choices_of(request: HttpRequest) -> list[Choice]:
    if not request.user.is_authenticated:
        return []
    factors = Authenticator.objects.filter(user=request.user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    has_factor = factors.exists()
    choices = []
    for membership in Membership.objects.filter(user=request.user).select_related("user", "organization"):
        if caller := page_caller(request, membership):
            installs = Install.objects.visible_to(caller).exclude(status=Install.Status.DISCONNECTED)
            lacks_factor = membership.organization.requires_mfa and not has_factor
            choices.append(Choice(membership, caller, list(installs), lacks_factor))
    return choices


def earlier_of(request: HttpRequest, application: Application) -> list[Connection]:
    """This person's running connections of the same assistant: one that registers itself does so anew each time."""
    if not request.user.is_authenticated:
        return []
    same = Q(application=application)
    if application.name:
        same |= Q(application__name=application.name)
    running = Connection.objects.filter(same, user=request.user, revoked_at=None)
    return list(running.select_related("application", "organization", "user")[:EARLIER_SHOWN])


def _choice_named(choices: list[Choice], posted: str | None) -> Choice | None:
    """Without a word on it, the only one there is; never a guess among several."""
    if posted is None and len(choices) == 1:
        return choices[0]
    return next((choice for choice in choices if str(choice.membership.organization_id) == posted), None)


def _choose_accounts(consent: Consent, chosen: Choice, posted: set[str]) -> str:
    """Take the choice of accounts, or say what is wrong with it. Whoever ticked some never grants all by that."""
    if consent.accounts not in WHICH_ACCOUNTS:
        return "Choose which accounts it may ask about."
    if consent.accounts == "some":
        return _tick(consent, chosen, posted)
    if posted:
        consent.accounts = "some"
        return _tick(consent, chosen, posted) or (
            "You chose all accounts and also ticked some. Now only the ticked ones are chosen: press Allow to share "
            "these, or untick them and choose all."
        )
    if consent.accounts == "now" and not chosen.installs:
        return "There is no account yet. Choose all accounts, also those connected later, or connect one first."
    return ""


def _tick(consent: Consent, chosen: Choice, posted: set[str]) -> str:
    """Take the ticked accounts of the chosen organization; those of the person's others were ticked before switching."""
    own = {str(install.pk) for choice in consent.choices for install in choice.installs}
    consent.ticked = posted & {str(install.pk) for install in chosen.installs}
    if posted - own:
        return "One of these accounts is not yours to share."
    return "" if consent.ticked else "Tick at least one account, or choose all accounts."
