"""Customers: an email address belongs to one of them at a time, and one may be forgotten."""

from actum import Entity, Event, Forgotten, Personal, Rejected, command, reducer


class CustomerRegistered(Event):
    name: Personal[str]
    email: Personal[str]


class EmailChanged(Event):
    email: Personal[str]


class CustomerLeft(Event):
    pass


class Customer(Entity, person="id"):
    name: Personal[str] = ""
    email: Personal[str] = ""
    has_left: bool = False

    @command
    def register(self, name: str, email: str) -> None:
        if self.exists:
            raise Rejected("this customer is registered already", code="registered")
        self.claim("email", email.lower())
        self.emit(CustomerRegistered(name, email))

    @command
    def change_email(self, email: str) -> None:
        if not self.exists or self.has_left or isinstance(self.email, Forgotten):
            raise Rejected("there is no such customer", code="unknown_customer")
        self.release("email", self.email.lower())
        self.claim("email", email.lower())
        self.emit(EmailChanged(email))

    @command
    def leave(self) -> None:
        """Gives the email address free, which can only be done before the customer is forgotten."""
        if not self.exists:
            raise Rejected("there is no such customer", code="unknown_customer")
        if not isinstance(self.email, Forgotten) and not self.has_left:
            self.release("email", self.email.lower())
            self.emit(CustomerLeft())

    @reducer
    def registered(self, event: CustomerRegistered) -> None:
        self.name, self.email = event.name, event.email

    @reducer
    def email_changed(self, event: EmailChanged) -> None:
        self.email = event.email

    @reducer
    def left(self, event: CustomerLeft) -> None:
        self.has_left = True
