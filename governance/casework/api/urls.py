"""Routes under /v1 about cases and reviews."""

from django.urls import path

from governance.casework.api import emergency_views, views

_CASE = "cases/<uuid:case_id>"
_BREAK_GLASS = f"{_CASE}/break-glass"
_AUTHORISATION = f"{_CASE}/authorisations/<uuid:authorisation_id>"

urlpatterns = [
    path("cases", views.CaseList.as_view(), name="cases"),
    path(_CASE, views.CaseDetail.as_view(), name="case"),
    path(f"{_CASE}:close", views.CaseClosing.as_view(), name="case-close"),
    path(f"{_CASE}/kept-probes:erase", views.KeptProbesErasure.as_view(), name="case-kept-probes-erase"),
    path(f"{_CASE}/disclosure", views.CaseDisclosure.as_view(), name="case-disclosure-package"),
    path(f"{_CASE}/authorisations", views.AuthorisationList.as_view(), name="authorisations"),
    path(f"{_AUTHORISATION}:ratify", views.AuthorisationRatification.as_view(), name="authorisation-ratify"),
    path(f"{_AUTHORISATION}:revoke", views.AuthorisationWithdrawal.as_view(), name="authorisation-revoke"),
    path(_BREAK_GLASS, emergency_views.BreakGlass.as_view(), name="break-glass"),
    path(f"{_BREAK_GLASS}/<uuid:grant_id>:confirm", emergency_views.Confirmation.as_view(), name="break-glass-confirm"),
    path(f"{_BREAK_GLASS}/<uuid:grant_id>:close", emergency_views.Closing.as_view(), name="break-glass-close"),
    path("review-tasks", views.ReviewTaskList.as_view(), name="review-tasks"),
    path("review-tasks/<uuid:task_id>", views.ReviewTaskDetail.as_view(), name="review-task"),
]
