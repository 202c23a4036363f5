"""URLs of stored bytes."""

from django.urls import path

from archive.retrieval import views

urlpatterns = [
    path("communications/<uuid:public_id>-<int:number>/content", views.content, name="variant_content"),
    path("communications/<uuid:public_id>-<int:number>/download", views.download, name="variant_download"),
    path("communications/<uuid:public_id>-<int:number>/print", views.print_form, name="variant_print"),
    path("communications/<uuid:public_id>-<int:number>/rendition", views.rendition, name="variant_rendition"),
    path("communications/<uuid:public_id>-<int:number>/page/<int:page>", views.page_image, name="variant_page"),
]
