"""Pages that are not taught."""

from .home import HomePage
from .plain import PlainPage
from .publisher import SiteSettings

__all__ = ["HomePage", "PlainPage", "SiteSettings"]
