"""The page Work, with the addresses of its parts."""

from actum.console.page import Page, get, post
from actum.console.pages.work import audit, letters, overview, timers, workflows

WORK = Page(
    "work",
    "Work",
    (
        get("", overview.show),
        get("/queue", overview.show_queue),
        get("/letters", letters.show_list),
        get("/letter", letters.show_one),
        post("/letters/ask", letters.ask),
        post("/letters/edit", letters.edit),
        get("/timers", timers.show),
        post("/timers/cancel", timers.cancel),
        get("/workflows", workflows.show_list),
        get("/workflow", workflows.show_one),
        post("/workflow/ask", workflows.ask_one),
        post("/workflows/ask", workflows.ask_many),
        get("/audit", audit.show_list),
        get("/audit/act", audit.show_one),
    ),
)
