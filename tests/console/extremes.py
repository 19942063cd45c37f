"""Applications at the edges of what the console shows: very long names, deep values, many parts or one."""

import types
from datetime import timedelta
from typing import Any

from msgspec import field

from actum import Actions, App, Context, Entity, Event, Rejected, Retries, View, Workflow, command, reducer

KINDS = 60
ONCE = Retries(attempts=1)


class Noted(Event):
    text: str
    values: dict[str, Any] = field(default_factory=dict)


class AVeryLongNameOfAnEventThatSaysEverythingThatHasHappenedInOneWordAndGoesOnAfterThat(Event):
    amount: int = 0


class Notebook(Entity):
    """A notebook, which takes texts of any length and values of any depth."""

    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    a_field_whose_name_is_far_longer_than_anybody_would_want_to_write_it_twice_in_a_program: int = 0

    @command
    def note(self, text: str, values: dict[str, Any] | None = None) -> str:
        """Notes a text, with values."""
        if not text:
            raise Rejected("write a text: " + "nothing-" * 40, code="nothing")
        self.emit(Noted(text, values or {}))
        return text

    @command
    def do_something_with_a_name_that_is_as_long_as_names_of_methods_become_in_old_code(
        self, an_argument_with_a_name_that_is_as_long_as_that_of_the_command_which_takes_it: int = 0
    ) -> None:
        amount = an_argument_with_a_name_that_is_as_long_as_that_of_the_command_which_takes_it
        self.emit(AVeryLongNameOfAnEventThatSaysEverythingThatHasHappenedInOneWordAndGoesOnAfterThat(amount))

    @reducer
    def noted(self, event: Noted) -> None:
        self.text, self.values = event.text, event.values

    @reducer
    def summed(
        self, event: AVeryLongNameOfAnEventThatSaysEverythingThatHasHappenedInOneWordAndGoesOnAfterThat
    ) -> None:
        self.a_field_whose_name_is_far_longer_than_anybody_would_want_to_write_it_twice_in_a_program += (
            event.amount
        )


class NotesOfAllNotebooksSinceTheFirst(View):
    """Notes; one that says stop cannot be folded."""

    id: str
    text: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @reducer
    def noted(self, event: Noted) -> None:
        self.text, self.values = event.text, event.values
        if "stop" in event.text:
            raise ValueError("the-view-stops-at-" + event.text)


class AWorkflowWithANameThatIsLongerThanTheNameOfAWorkflowShouldEverBe(Workflow):
    async def run(self, ctx: Context, text: str) -> str:
        return await self.step(fail_in_a_step_that_has_a_long_name_and_says_so_at_length, text, retries=ONCE)


async def fail_in_a_step_that_has_a_long_name_and_says_so_at_length(text: str) -> str:
    raise RuntimeError(f"the-step-fails-with-{text}")


work = Actions()


@work.on(Noted, retries=ONCE)
async def forward_everything_that_was_noted_to_everybody_who_may_want_to_know(
    ctx: Context, event: Noted
) -> None:
    await ctx.queue("a-queue-with-a-name-as-long-as-queues-have-in-companies-of-a-certain-size").send(
        event.text
    )


@work.queue("a-queue-with-a-name-as-long-as-queues-have-in-companies-of-a-certain-size", retries=ONCE)
async def refuse_everything_that_is_in_the_queue_and_say_why(ctx: Context, message: str) -> None:
    raise ValueError(f"refused-{message}")


@work.post("/notebooks/{id:str}")
async def write(ctx: Context, id: str, text: str) -> None:
    """Writes into a notebook, starts a workflow, and sets a timer."""
    deep: Any = text
    for depth in range(40):
        deep = {f"level {depth}": [deep, depth]}
    await ctx.entity(Notebook, id).note(text, {"deep": deep, "an-unbroken-key-" * 8: "x" * 900})
    await ctx.workflow(AWorkflowWithANameThatIsLongerThanTheNameOfAWorkflowShouldEverBe, id).start(text)
    await ctx.schedule(Notebook.note, id, after=timedelta(days=1))(text)


app = App(
    "an-application-whose-name-is-longer-than-the-header-of-a-page-on-a-phone",
    entities=[Notebook],
    views=[NotesOfAllNotebooksSinceTheFirst],
    actions=[work],
    workflows=[AWorkflowWithANameThatIsLongerThanTheNameOfAWorkflowShouldEverBe],
)


class Done(Event): ...


class Task(Entity):
    @command
    def do(self) -> None:
        self.emit(Done())

    @reducer
    def done(self, event: Done) -> None: ...


lone = App("lone", entities=[Task])
"""One entity, and nothing else."""


def kind(number: int) -> type[Entity]:
    """Makes an entity of its own event."""
    happened: Any = types.new_class(
        f"Happened{number}", (Event,), exec_body=lambda body: body.update(__annotations__={"amount": int})
    )

    def change(self: Any, amount: int) -> None:
        self.emit(happened(amount))

    def reduce(self: Any, event: Any) -> None: ...

    reduce.__annotations__["event"] = happened
    parts = {"change": command(change), "reduce": reducer(reduce)}
    return types.new_class(f"Kind{number}", (Entity,), exec_body=lambda body: body.update(parts))


many = App("many", entities=[kind(number) for number in range(KINDS)])
"""Sixty kinds of entities, and no view."""
