"""The admin pages as a Django app."""

from django.contrib.admin.apps import AdminConfig


class Admin(AdminConfig):
    """Django's, with our site in the place of its own."""

    default_site = "config.admin.Site"
