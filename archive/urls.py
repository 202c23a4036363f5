"""Index of the packages' URLs."""

from django.urls import include, path

urlpatterns = [
    path("", include("archive.desk.urls")),
    path("", include("archive.retrieval.urls")),
    path("", include("archive.search.urls")),
    path("", include("archive.ingest.urls")),
    path("", include("archive.audit.urls")),
]
