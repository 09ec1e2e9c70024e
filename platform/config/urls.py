"""Every URL of the platform."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config import health, home

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.front_page, name="home"),
    path("v1/", include("recognition.api.urls")),
    path("v1/", include("governance.api.urls")),
    path("v1/", include("traffic.api.urls")),
    path("v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("admin/", admin.site.urls),
]

handler404 = "common.problems.not_found"
handler400 = "common.problems.bad_request"
handler500 = "common.problems.server_error"
