"""Routes under /v1 about keys, members and the organisation itself."""

from django.urls import path

from tenants.api import views

urlpatterns = [
    path("keys", views.KeyList.as_view(), name="keys"),
    path("keys/<uuid:key_id>", views.KeyDetail.as_view(), name="key"),
    path("keys/<uuid:key_id>:rotate", views.KeyRotation.as_view(), name="key-rotate"),
    path("organisation", views.OrganisationDetail.as_view(), name="organisation"),
    path("organisation:delete", views.OrganisationDeletion.as_view(), name="organisation-delete"),
    path("organisation:keep", views.OrganisationKeeping.as_view(), name="organisation-keep"),
    path("members", views.MemberList.as_view(), name="members"),
    path("members:invite", views.MemberInvitation.as_view(), name="member-invite"),
    path("members/<uuid:member_id>", views.MemberDetail.as_view(), name="member"),
]
