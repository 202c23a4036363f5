"""Sign-in, sign-out, password: the only pages of allauth that are routed."""

from allauth.account import views as allauth_views
from django.urls import path

from portal.accounts import views

urlpatterns = [
    path("accounts/login/", allauth_views.login, name="account_login"),
    path("accounts/logout/", allauth_views.logout, name="account_logout"),
    path("accounts/password/", views.change_password, name="account_change_password"),
    path("preferences/", views.preferences, name="preferences"),
]
