"""Addresses of what readers set and undo of their mails."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
