from django.apps import AppConfig


class LakeConfig(AppConfig):
    name = "connector.lake"
    verbose_name = "Lake"
