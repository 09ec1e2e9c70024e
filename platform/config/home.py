"""The front page: says what this server is and where to go; the tenant dashboard takes this place later."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def front_page(request: HttpRequest) -> HttpResponse:
    return render(request, "front_page.html")
