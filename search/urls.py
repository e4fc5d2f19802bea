from django.urls import path

from search import views

app_name = "search"
urlpatterns = [
    path("", views.page, name="page"),
    path("photo/<slug:token>.jpg", views.photo, name="photo"),
    path("similar/<int:image_id>/", views.similar, name="similar"),
]
