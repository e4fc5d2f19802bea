from django.urls import URLPattern, path

from catalog import views
from catalog.thumbnails import thumbnail

app_name = "catalog"
urlpatterns: list[URLPattern] = [
    # Templates write {% load photos %}{% photo card.cover alt=… %} (catalog/templatetags).
    path("thumb/<int:image_id>-<str:digest>/<int:size>.webp", thumbnail, name="thumbnail"),
    path("shoes/", views.browse, name="browse"),
    path("shoes/<int:colorway_id>/", views.colorway, name="colorway"),
    path("brands/", views.brands, name="brands"),
    path("brands/<slug:slug>/", views.brand, name="brand"),
    path("brands/<slug:brand_slug>/<slug:slug>/", views.model, name="model"),
]
