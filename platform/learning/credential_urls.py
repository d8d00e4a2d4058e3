"""Addresses below /credentials/: they stand on paper and in chats, and stay."""

from django.urls import path

from learning import badge_views
from learning import credential_views as views

urlpatterns = [
    # For whoever checks a badge; the keys' addresses stand in badges, and stay.
    path("keys.json", badge_views.keys, name="badge_keys"),
    path("keys/<str:thumbprint>.json", badge_views.key, name="badge_key"),
    path("revocations.json", badge_views.revocations, name="badge_revocations"),
    path("<str:number>/", views.credential, name="credential"),
    path("<str:number>/name/", views.correct, name="credential_name"),
    path("<str:number>/certificate.png", views.picture, name="credential_picture"),
    path("<str:number>/certificate.pdf", views.paper, name="credential_pdf"),
    path("<str:number>/poster.png", views.poster, name="credential_poster"),
    path("<str:number>/badge.jwt", badge_views.badge, name="credential_badge"),
    path("<str:number>/badge.png", badge_views.picture, name="credential_badge_picture"),
]
