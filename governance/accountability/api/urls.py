"""Routes under /v1 about disclosure reports and purges."""

from django.urls import path

from governance.accountability.api import views

urlpatterns = [
    path("disclosures", views.DisclosureList.as_view(), name="disclosures"),
    path("purges", views.CertificateList.as_view(), name="purges"),
    path("purges/<uuid:certificate_id>", views.CertificateDetail.as_view(), name="purge"),
]
