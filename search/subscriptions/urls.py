"""Addresses of the morning page, of subscriptions and of their feeds."""

from django.urls import path

from search.subscriptions import feeds, my, subscribing, views

urlpatterns = [
    path("my", my.my_page, name="my"),
    path("my/seen", my.set_seen, name="my-seen"),
    path("my/order", my.set_order, name="my-order"),
    path("subscriptions", views.subscriptions_page, name="subscriptions"),
    path("subscriptions/new", subscribing.subscribe_page, name="subscribe"),
    path("subscriptions/<int:pk>", subscribing.subscription_page, name="subscription"),
    path("subscriptions/undo", views.take_back, name="subscription-undo"),
    path("subscriptions/opml", feeds.opml, name="subscriptions-opml"),
    path("subscriptions/feed/<str:secret>", feeds.subscription_feed, name="subscription-feed"),
]
