"""URLs of the word index."""

from django.urls import path

from archive.search import index_views

urlpatterns = [
    path("system/text/", index_views.text_index, name="text_index"),
    path("system/text/rebuild", index_views.text_index_rebuild, name="text_index_rebuild"),
]
