"""Addresses of the crawler outside the admin."""

from django.urls import path

from crawler.views import report

app_name = "crawler"

urlpatterns = [path("crawls/report/<str:token>/", report, name="report")]
