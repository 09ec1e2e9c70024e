"""Routes under /v1 about decisions."""

from django.urls import path

from governance.api import views

urlpatterns = [
    path("decisions", views.DecisionList.as_view(), name="decisions"),
    path("decisions/<uuid:decision_id>", views.DecisionDetail.as_view(), name="decision"),
]
