"""Addresses of the OAuth server that clients call. A redirect between the forms with and without slash would lose a POST's body."""

from django.urls import path, re_path

from accounts import oauth, oauth_documents

urlpatterns = [
    path(".well-known/oauth-protected-resource", oauth_documents.protected_resource_view, name="oauth_resource"),
    path(".well-known/oauth-protected-resource/mcp", oauth_documents.protected_resource_view),
    path(".well-known/oauth-authorization-server", oauth_documents.authorization_server_view, name="oauth_server"),
    path(".well-known/openid-configuration", oauth_documents.openid_configuration_view),
    path(".well-known/jwks.json", oauth_documents.jwks_view),
    path(".well-known/openai-apps-challenge", oauth_documents.apps_challenge_view),
    re_path(r"^oauth/token/?$", oauth.TokenView.as_view(), name="oauth_token"),
    re_path(r"^oauth/register/?$", oauth.RegisterView.as_view(), name="oauth_register"),
    re_path(r"^oauth/revoke/?$", oauth.RevokeView.as_view(), name="oauth_revoke"),
]
