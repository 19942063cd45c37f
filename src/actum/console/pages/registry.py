"""The pages of the console, in the order in which the navigation lists them."""

from actum.console.page import Page
from actum.console.pages.entities import ENTITIES
from actum.console.pages.live import LIVE
from actum.console.pages.map import MAP
from actum.console.pages.store import STORE
from actum.console.pages.trace import TRACE
from actum.console.pages.views import VIEWS
from actum.console.pages.work.page import WORK

PAGES: tuple[Page, ...] = (MAP, ENTITIES, TRACE, VIEWS, WORK, LIVE, STORE)
"""A new page is a file beside this one, a template, and one name here."""

FIRST: Page = PAGES[0]
"""What the console opens with."""
