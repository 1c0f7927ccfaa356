from django.apps import AppConfig


class ReceiptsConfig(AppConfig):
    name = "connector.receipts"
    verbose_name = "Receipts"
