"""Every URL of the platform."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config import front_door, health, metrics

# One way in for everybody: the administration's own page knows no second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("tenants.urls")),
    path("v1/", include("tenants.api.urls")),
    path("v1/", include("recognition.api.urls")),
    path("v1/", include("governance.api.urls")),
    path("v1/", include("governance.accountability.api.urls")),
    path("v1/", include("governance.casework.api.urls")),
    path("v1/", include("governance.vetting.api.urls")),
    path("v1/", include("traffic.api.urls")),
    path("v1/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", front_door.FrontDoor.as_view(), name="front-door"),
    path("", include("dashboard.urls")),
]

handler404 = "dashboard.pages.not_found"
handler400 = "config.front_door.bad_request"
handler500 = "config.front_door.server_error"
