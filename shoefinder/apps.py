from django.apps import AppConfig


class ShoefinderConfig(AppConfig):
    name = "shoefinder"

    def ready(self) -> None:
        from shoefinder import checks  # noqa: F401 - registers them
