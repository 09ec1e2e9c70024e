"""Routes under /v1 about usage."""

from django.urls import path

from traffic.api import views

urlpatterns = [path("usage", views.UsageList.as_view(), name="usage")]
