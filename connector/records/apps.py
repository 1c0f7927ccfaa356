from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "connector.records"
    verbose_name = "Records"
