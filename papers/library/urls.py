"""Addresses of the library: stars, notes, lists, tags, history."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
