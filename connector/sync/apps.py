from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "connector.sync"
    verbose_name = "Sync"
