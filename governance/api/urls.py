"""Routes under /v1 about decisions."""

from django.urls import path

from governance.api import audit_views, views

urlpatterns = [
    path("decisions", views.DecisionList.as_view(), name="decisions"),
    path("decisions/<uuid:decision_id>", views.DecisionDetail.as_view(), name="decision"),
    path("policy/what-if", views.WhatIf.as_view(), name="policy-what-if"),
    path("policy/simulate", views.Simulate.as_view(), name="policy-simulate"),
    path("audit/checkpoint", audit_views.CheckpointDetail.as_view(), name="audit-checkpoint"),
    path("audit/tile/<int:level>/<int:tile>", audit_views.TileDetail.as_view(), name="audit-tile"),
    path("audit/consistency", audit_views.ConsistencyDetail.as_view(), name="audit-consistency"),
    path("audit/entries/<uuid:entry_id>", audit_views.EntryDetail.as_view(), name="audit-entry"),
    path("audit/entries/<uuid:entry_id>/proof", audit_views.EntryProof.as_view(), name="audit-proof"),
    path("audit/receipts:check", audit_views.ReceiptCheck.as_view(), name="audit-receipt-check"),
    path("audit/export", audit_views.Export.as_view(), name="audit-export"),
]
