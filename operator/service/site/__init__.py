"""The member site: pages that a member reads and acts by, each a stored document and a template."""

from service.site.routes import site_routes

__all__ = ["site_routes"]
