"""URLs of the agent's desk."""

from django.urls import path

from archive.desk import note_views, views

urlpatterns = [
    path("search/", views.search_start, name="search"),
    path("search/<uuid:search_id>/", views.search_results, name="search_results"),
    path("search/<uuid:search_id>/count", views.search_count, name="search_count"),
    path("communications/<uuid:public_id>/", views.communication_page, name="communication"),
    path("communications/<uuid:public_id>/notes/", note_views.add_note_to, name="communication_notes"),
    path("call/", note_views.call_reference, name="call_reference"),
]
