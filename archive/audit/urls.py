"""URLs of the log."""

from django.urls import path

from archive.audit import views

urlpatterns = [
    path("audit/", views.events, name="audit_events"),
    path("audit/events.csv", views.events_csv, name="audit_events_csv"),
    path("audit/<uuid:event_id>/", views.event, name="audit_event"),
]
