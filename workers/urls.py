"""Addresses for whoever runs the site, and for the programs that watch it."""

from django.urls import path

from workers import health, metrics, views

urlpatterns = [
    path("status", views.status, name="status"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.page, name="metrics"),
]
