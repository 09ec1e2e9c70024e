"""Routes under /v1 about keys and members."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
