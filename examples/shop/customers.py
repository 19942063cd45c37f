"""Customers: an email address belongs to one of them at a time."""

from actum import Entity, Event, Rejected, command, reducer

# The place for forgetting a customer: who the person is, and which of these fields are personal.


class CustomerRegistered(Event):
    name: str
    email: str


class EmailChanged(Event):
    email: str


class Customer(Entity):
    name: str = ""
    email: str = ""

    @command
    def register(self, name: str, email: str) -> None:
        if self.exists:
            raise Rejected("this customer is registered already", code="registered")
        self.claim("email", email.lower())
        self.emit(CustomerRegistered(name, email))

    @command
    def change_email(self, email: str) -> None:
        if not self.exists:
            raise Rejected("there is no such customer", code="unknown_customer")
        self.release("email", self.email.lower())
        self.claim("email", email.lower())
        self.emit(EmailChanged(email))

    @reducer
    def registered(self, event: CustomerRegistered) -> None:
        self.name, self.email = event.name, event.email

    @reducer
    def email_changed(self, event: EmailChanged) -> None:
        self.email = event.email
