"""What people type and choose on pages."""

from typing import Any

from allauth.account.forms import LoginForm
from django import forms

from accounts.models import Membership, Organization

SCOPES = (("read", "Ask questions and read answers"), ("write", "Propose drafts, which a person then approves"))


class SignInForm(LoginForm):
    """allauth's own, in the product's words."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "E-mail"
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SwitchForm(forms.Form):
    """The organization to look at, one of the person's own."""

    organization = forms.ModelChoiceField(queryset=Organization.objects.none())

    def __init__(self, *args: Any, memberships: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [membership.organization_id for membership in memberships]
        self.fields["organization"].queryset = Organization.objects.filter(pk__in=own)  # type: ignore[attr-defined]  # a ModelChoiceField


class KeyForm(forms.Form):
    name = forms.CharField(
        max_length=80, label="What is it for?", help_text="A name to recognize it by, such as “Nightly report”."
    )
    scopes = forms.MultipleChoiceField(
        choices=SCOPES,
        initial=["read"],
        label="What may it do?",
        widget=forms.CheckboxSelectMultiple,
        help_text="Never more than your role may.",
    )


class PropertiesForm(forms.Form):
    """The names of the custom properties that are kept, one on each line."""

    MOST = 20  # of an account
    LONGEST = 100  # characters of a name

    names = forms.CharField(
        required=False,
        max_length=MOST * (LONGEST + 2),
        label="Custom properties to keep, one on each line",
        help_text="Exactly as they are named in Klaviyo.",
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def clean_names(self) -> list[str]:
        names = list(dict.fromkeys(line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()))
        if len(names) > self.MOST:
            raise forms.ValidationError(f"These are {len(names)} names; at most {self.MOST} are kept.")
        if any(len(name) > self.LONGEST for name in names):
            raise forms.ValidationError(f"A name has at most {self.LONGEST} characters.")
        return names


class PurchaseMetricForm(forms.Form):
    """Which of the account's metrics is a purchase; empty: by rule."""

    metric = forms.ChoiceField(required=False, label="Metric that counts as a purchase")

    def __init__(self, *args: Any, metrics: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["metric"].choices = [("", "Choose by rule (recommended)"), *metrics]  # type: ignore[attr-defined]  # a ChoiceField
