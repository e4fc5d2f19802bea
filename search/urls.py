from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from search import views
from search.api import api_urls, nothing_here

app_name = "search"
urlpatterns = [
    path("", views.page, name="page"),
    path("photo/<slug:token>.jpg", views.photo, name="photo"),
    path("report/", views.report, name="report"),
    path("where/<int:image_id>/", views.where, name="where"),
    path("similar/<int:image_id>/", views.similar, name="similar"),
]

# Beside and not among the pages: ninja finds its own addresses under its own namespace only.
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="api:openapi-view")),
    path("", api_urls()),
    path("<path:rest>", nothing_here),
]
