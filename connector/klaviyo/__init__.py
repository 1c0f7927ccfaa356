"""The Klaviyo API as a library: no Django, no settings, no tenant. See client.py."""
