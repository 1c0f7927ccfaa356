from django.apps import AppConfig


class ToolsConfig(AppConfig):
    name = "connector.tools"
    verbose_name = "Tools"
