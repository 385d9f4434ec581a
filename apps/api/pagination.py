"""Pages of the API."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Cursor pages, newest first; `page_size` up to 500. A resource may name its own ordering."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
    ordering: str | tuple[str, ...] = "-id"

    def get_ordering(self, request: object, queryset: object, view: object) -> tuple[str, ...]:
        """Return the view's `ordering`, else this class's."""
        found = getattr(view, "ordering", self.ordering)
        return (found,) if isinstance(found, str) else tuple(found)
