from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "connector.pages"
    verbose_name = "Pages"
