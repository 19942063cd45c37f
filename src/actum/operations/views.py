"""Views: lists their generations, and the position that each has reached."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from actum.app import App, definition_of
from actum.errors import NotFound
from actum.model.view import ViewType
from actum.ports.database import ViewState
from actum.stores.open import Stores


class ViewGeneration(Struct, frozen=True):
    """One generation of a view.

    `position` is the one it has reached, and `head` is where the journal ends. `is_current` says whether the
    view's present declaration built it. A view that is declared and not built yet has generation 0.
    """

    name: str
    generation: int
    is_live: bool
    is_current: bool
    is_declared: bool
    position: int
    head: int


def view_type(app: App, name: str) -> ViewType:
    """Gives a view by name; raises NotFound, with the names that there are."""
    views = definition_of(app).catalog.views
    if name not in views:
        raise NotFound(f"{app.name} has no view {name!r}; it has {', '.join(views) or 'none'}")
    return views[name]


async def list_views(stores: Stores, app: App) -> list[ViewGeneration]:
    """Lists every generation of every view, declared or stored: there are no more than code has declared."""
    # The head is read last, so that no view seems to be ahead of it.
    built = await stores.database.views()
    head = await stores.journal.head()
    return list(_described(app, built, head))


def _described(app: App, built: Sequence[ViewState], head: int) -> Iterator[ViewGeneration]:
    declared = definition_of(app).catalog.views
    for state in built:
        view = declared.get(state.name)
        is_current = view is not None and view.fingerprint == state.fingerprint
        yield ViewGeneration(
            state.name, state.generation, state.is_live, is_current, view is not None, state.checkpoint, head
        )
    for name in declared.keys() - {state.name for state in built}:
        yield ViewGeneration(
            name, 0, is_live=False, is_current=False, is_declared=True, position=0, head=head
        )
