from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core.checks import CheckMessage, Tags, register


class ShoefinderConfig(AppConfig):
    name = "shoefinder"
    default = True

    def ready(self) -> None:
        from shoefinder import checks  # noqa: F401 - registers them


class AdminWhenServed(SimpleAdminConfig):
    """The admin, whose pages are loaded with the addresses, or to be checked.

    Django's own configuration loads them in every process: two fifths of what a crawl's needs to
    start.
    """

    def ready(self) -> None:
        register(check_dependencies, Tags.admin)
        register(_admin_loaded_and_checked, Tags.admin)


def _admin_loaded_and_checked(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    admin.autodiscover()
    return check_admin_app(app_configs, **kwargs)
