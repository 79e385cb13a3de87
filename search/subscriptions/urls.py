"""Addresses of the morning page, of subscriptions and of their feeds."""

from django.urls import path

from search.subscriptions import my, views

urlpatterns = [
    path("my", my.my_page, name="my"),
    path("subscriptions", views.subscriptions_page, name="subscriptions"),
]
