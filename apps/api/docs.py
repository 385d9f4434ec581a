"""Swagger UI from our own files, without inline script or style (strict CSP)."""

from __future__ import annotations

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.generic import View


class ApiDocs(LoginRequiredMixin, View):
    """The page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return it for everyone who is signed in."""
        return render(request, "api/docs.html")


class ApiDocsScript(View):
    """The few lines that start Swagger UI."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return them as a script of our own origin."""
        return render(request, "api/docs.js", content_type="text/javascript")
