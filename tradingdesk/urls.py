"""All addresses of the desk."""

from django.contrib import admin
from django.urls import include, path

# Here and not at start: only who serves pages needs the admin's.
admin.autodiscover()

urlpatterns = [
    path("", include("apps.ops.urls")),
    path("api/", include("apps.api.urls")),
    path("admin/", admin.site.urls),
    path("", include("apps.dashboard.urls")),
]
