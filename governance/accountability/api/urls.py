"""Routes under /v1 about disclosure reports."""

from django.urls import path

from governance.accountability.api import views

urlpatterns = [path("disclosures", views.DisclosureList.as_view(), name="disclosures")]
