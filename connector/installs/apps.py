from django.apps import AppConfig


class InstallsConfig(AppConfig):
    name = "connector.installs"
    verbose_name = "Klaviyo accounts"
