"""All URLs: sign-in and the shell's own pages here, the rest by package."""

from django.urls import include, path

from portal import views

handler500 = "portal.failures.failed"

urlpatterns = [
    path("", views.home, name="home"),
    path("menu/", views.menu, name="menu"),
    path("help/", views.help_page, name="help"),
    path("", include("portal.accounts.urls")),
    path("", include("archive.urls")),
]
