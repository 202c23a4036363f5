"""URLs of loads."""

from django.urls import path

from archive.ingest import views

urlpatterns = [
    path("loads/", views.load_list, name="loads"),
    path("loads/upload/", views.upload, name="load_upload"),
    path("loads/<uuid:public_id>/", views.load_page, name="load"),
    path("loads/<uuid:public_id>/progress", views.load_progress, name="load_progress"),
    path("loads/<uuid:public_id>/rejects", views.load_rejects, name="load_rejects"),
    path("loads/<uuid:public_id>/<slug:step>/", views.load_step, name="load_step"),
]
