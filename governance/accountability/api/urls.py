"""Routes under /v1 about disclosure reports, purges and complaints."""

from django.urls import path

from governance.accountability.api import complaints, views

_COMPLAINT = "complaints/<uuid:complaint_id>"

urlpatterns = [
    path("complaints", complaints.ComplaintList.as_view(), name="complaints"),
    path(_COMPLAINT, complaints.ComplaintDetail.as_view(), name="complaint"),
    path(f"{_COMPLAINT}:acknowledge", complaints.ComplaintAcknowledgement.as_view(), name="complaint-acknowledge"),
    path(f"{_COMPLAINT}:answer", complaints.ComplaintAnswer.as_view(), name="complaint-answer"),
    path("disclosures", views.DisclosureList.as_view(), name="disclosures"),
    path("purges", views.CertificateList.as_view(), name="purges"),
    path("purges/<uuid:certificate_id>", views.CertificateDetail.as_view(), name="purge"),
]
