"""What people choose on an install's page."""

from typing import Any

from django import forms


class PurchaseMetricForm(forms.Form):
    """Which of the account's metrics is a purchase; empty: by rule."""

    metric = forms.ChoiceField(required=False, label="Metric that counts as a purchase")

    def __init__(self, *args: Any, metrics: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["metric"].choices = [("", "Choose by rule (recommended)"), *metrics]  # type: ignore[attr-defined]  # a ChoiceField
