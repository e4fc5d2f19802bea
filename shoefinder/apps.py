from django.apps import AppConfig


class ShoefinderConfig(AppConfig):
    name = "shoefinder"
