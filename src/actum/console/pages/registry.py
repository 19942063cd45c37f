"""The pages of the console, in the order in which the navigation lists them."""

from actum.console.page import Page
from actum.console.pages.store import STORE

PAGES: tuple[Page, ...] = (STORE,)
"""A new page is a file beside this one, a template, and one name here."""

FIRST: Page = PAGES[0]
"""What the console opens with."""
