"""URLs of the agent's desk."""

from django.urls import path

from archive.desk import (
    export_views,
    form_views,
    note_views,
    saved_views,
    selection_views,
    typeahead_views,
    views,
)

urlpatterns = [
    path("search/", views.search_start, name="search"),
    path("search/suggest", typeahead_views.suggestions, name="suggestions"),
    path("search/forms/<str:key>/", form_views.search_form, name="search_form"),
    path("search/saved/", saved_views.saved_list, name="saved_searches"),
    path("search/saved/<uuid:public_id>/<str:step>/", saved_views.saved_step, name="saved_step"),
    path("search/<uuid:search_id>/save", saved_views.saved_save, name="search_save"),
    path("search/<uuid:search_id>/", views.search_results, name="search_results"),
    path("search/<uuid:search_id>/count", views.search_count, name="search_count"),
    path("search/<uuid:search_id>/selection", selection_views.select, name="search_selection"),
    path("search/<uuid:search_id>/export/", export_views.export_start, name="search_export"),
    path("exports/", export_views.export_list, name="exports"),
    path("exports/<uuid:public_id>/file", export_views.export_file, name="export_file"),
    path("exports/<uuid:public_id>/fetch", export_views.export_fetch, name="export_fetch"),
    path("exports/<uuid:public_id>/<str:step>/", export_views.export_step, name="export_step"),
    path("communications/<uuid:public_id>/", views.communication_page, name="communication"),
    path("communications/<uuid:public_id>/notes/", note_views.add_note_to, name="communication_notes"),
    path("call/", note_views.call_reference, name="call_reference"),
]
