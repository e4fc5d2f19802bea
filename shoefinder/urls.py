"""Addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from search.urls import api_urlpatterns
from shoefinder.health import healthz, readyz
from shoefinder.media import media
from shoefinder.metrics import metrics

admin.autodiscover()
admin.site.site_header = admin.site.site_title = "shoefinder"
admin.site.index_title = "Administration"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("media/<path:path>", media, name="media"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api_urlpatterns)),
    path("", include("crawler.urls")),
    path("", include("search.urls")),
    path("", include("catalog.urls")),
]
