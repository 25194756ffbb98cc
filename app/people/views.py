"""The room's pages: sign-in, the own profile, the directory and its people, teams and sites."""

from app.people import (
    certificate_views,
    directory_views,
    factor_views,
    passkey_views,
    person_views,
    place_views,
    profile_views,
    region_views,
    role_views,
    scim_views,
    sign_in_views,
    sso_views,
)
from app.people.blueprint import bp

__all__ = [
    "bp",
    "certificate_views",
    "directory_views",
    "factor_views",
    "passkey_views",
    "person_views",
    "place_views",
    "profile_views",
    "region_views",
    "role_views",
    "scim_views",
    "sign_in_views",
    "sso_views",
]
