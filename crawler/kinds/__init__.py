"""The kinds of sources: what each needs to be told, and which spider reads it.

Light by rule: no Scrapy here, so that the admin can show forms without it.
"""

from crawler.kinds.base import Kind, Params, param, params_dump, params_load
from crawler.kinds.registry import kind_choices, kind_get, kinds_all

__all__ = [
    "Kind",
    "Params",
    "kind_choices",
    "kind_get",
    "kinds_all",
    "param",
    "params_dump",
    "params_load",
]
