"""Addresses of what an account has beside allauth's own pages."""

from django.urls import path

from papers.accounts import token_views, views

urlpatterns = [
    path("", views.account, name="account"),
    path("address", views.address, name="mail-address"),
    path("sessions/<int:pk>/end", views.end_session, name="end-session"),
    path("tokens", token_views.tokens_page, name="api-tokens"),
    path("tokens/<int:pk>", token_views.change_token, name="api-token"),
    path("data", views.data, name="account-data"),
    path("data/delete", views.delete, name="account-delete"),
    path("data/everything.json", views.export, {"kind": "json"}, name="account-json"),
    path("data/everything.bib", views.export, {"kind": "bib"}, name="account-bibtex"),
]
