"""Users, who upload documents."""

import re
from typing import Annotated

from msgspec import Meta, Struct

from actum import Entity, Event, NotFound, Rejected, command, query, reducer

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Email = Annotated[str, Meta(pattern=r"^[^@\s]+@[^@\s]+$", max_length=200)]

USER_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


class UserRegistered(Event):
    name: str
    email: str


class UserRenamed(Event):
    name: str


class Profile(Struct, frozen=True):
    """What is known about a user."""

    id: str
    name: str
    email: str


class User(Entity):
    """Someone who uploads documents; the id is chosen at registration and becomes part of URLs."""

    name: str = ""
    email: str = ""

    @command
    def register(self, name: Name, email: Email) -> Profile:
        """Registers the user; doing it again with the same details changes nothing."""
        if not USER_ID.fullmatch(self.id):
            raise Rejected(
                "a user id is 1 to 32 lower-case letters, digits and hyphens, and starts with no hyphen",
                code="bad_user_id",
            )
        if not self.exists:
            self.emit(UserRegistered(name, email))
        elif (self.name, self.email) != (name, email):
            raise Rejected(f"the user id {self.id!r} is taken", code="user_id_taken")
        return Profile(self.id, self.name, self.email)

    @command
    def rename(self, name: Name) -> Profile:
        self._must_exist()
        if name != self.name:
            self.emit(UserRenamed(name))
        return Profile(self.id, self.name, self.email)

    @query
    def profile(self) -> Profile:
        """Raises NotFound if nobody registered under this id."""
        self._must_exist()
        return Profile(self.id, self.name, self.email)

    @reducer
    def registered(self, event: UserRegistered) -> None:
        self.name = event.name
        self.email = event.email

    @reducer
    def renamed(self, event: UserRenamed) -> None:
        self.name = event.name

    def _must_exist(self) -> None:
        if not self.exists:
            raise NotFound(f"there is no user {self.id!r}")
