"""Routes under /v1 about applications to be vetted."""

from django.urls import path

from governance.vetting.api import views

_APPLICATION = "applications/<uuid:application_id>"

urlpatterns = [
    path("applications", views.ApplicationList.as_view(), name="applications"),
    path(_APPLICATION, views.ApplicationDetail.as_view(), name="application"),
    path(f"{_APPLICATION}:submit", views.ApplicationSubmission.as_view(), name="application-submit"),
    path(f"{_APPLICATION}:appeal", views.ApplicationAppeal.as_view(), name="application-appeal"),
    path(f"{_APPLICATION}/evidence", views.EvidenceList.as_view(), name="evidence-list"),
    path(f"{_APPLICATION}/evidence/<uuid:evidence_id>", views.EvidenceDetail.as_view(), name="evidence"),
]
