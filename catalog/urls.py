from django.urls import URLPattern, path

from catalog.thumbnails import thumbnail

app_name = "catalog"
urlpatterns: list[URLPattern] = [
    # Templates write {% load photos %}{% photo card.cover alt=… %} (catalog/templatetags/photos.py).
    path("thumb/<int:image_id>-<str:digest>/<int:size>.webp", thumbnail, name="thumbnail"),
]
