"""The one web entry: the assistants' door at /mcp, Django for everything else."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("DATABASE_POOL", "true")

from django.core.asgi import get_asgi_application

django_application = get_asgi_application()

from connector.mcp.edge import Edge  # noqa: E402  (models must be loaded first)

application = Edge(django_application)
