"""Addresses of what readers set and undo of their mails."""

from django.urls import path

from workers.digests import token_views, views

urlpatterns = [
    path("subscriptions/mail", views.delivery_page, name="delivery"),
    path("subscriptions/mail/again", views.try_again, name="delivery-again"),
    path("subscriptions/mail/preview", views.preview_page, name="delivery-preview"),
    path("subscriptions/mail/preview/html", views.preview_html, name="delivery-preview-html"),
    path("subscriptions/mail/test", views.send_test, name="delivery-test"),
    path("unsubscribe/<str:token>", token_views.unsubscribe_page, name="unsubscribe"),
    path("digest/<str:token>", token_views.digest_page, name="digest"),
]
