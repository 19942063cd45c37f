"""The library as its first release was: what it wrote, the library of today has to take for its own."""

from actum import App, Entity, Event, View, command, reducer


class Joined(Event):
    name: str


class Member(Entity, snapshot_every=2):
    name: str = ""

    @command
    def join(self, name: str) -> None:
        self.emit(Joined(name))

    @reducer
    def joined(self, event: Joined) -> None:
        self.name = event.name


class Members(View):
    id: str
    name: str = ""

    @reducer
    def joined(self, event: Joined) -> None:
        self.name = event.name


app = App("library", entities=[Member], views=[Members], key_retention=None)
