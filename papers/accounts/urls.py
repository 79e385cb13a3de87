"""Addresses of what an account has beside allauth's own pages."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
