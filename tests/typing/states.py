"""What type checkers say of an entity's queries on its state, within the entity and outside of it."""

from typing import assert_type

from msgspec import Struct, field

from actum import Context, Entity, Event, Rejected, command, query, reducer


class Drawn(Event):
    litres: int


class Level(Struct):
    litres: int
    name: str


class Tank(Entity):
    litres: int = 0
    names: list[str] = field(default_factory=list[str])

    @command
    def draw(self, litres: int) -> int:
        if litres > self.left():
            raise Rejected(f"only {self.left()} are left", code="empty", left=self.left())
        self.emit(Drawn(litres))
        return self.left() - 1

    @query
    def left(self) -> int:
        return 100 - self.litres

    @query
    def level(self) -> Level:
        return Level(self.left(), "a")

    @query
    def level_or_none(self) -> Level | None:
        return self.level() if self.litres else None

    @query
    def summary(self) -> dict[str, int]:
        level = self.level()
        return {level.name: level.litres, "left": self.left() + 1, "in all": sum(self.summary().values())}

    @query
    def labels(self, prefix: str) -> list[str]:
        return [prefix + name for name in self.names]

    @query
    def half(self) -> float:
        left: int = self.left()
        return left / 2 + len(self.labels("a"))

    @query
    def is_empty(self) -> bool:
        return not self.left()

    @reducer
    def drawn(self, event: Drawn) -> None:
        self.litres += event.litres


async def states(ctx: Context) -> None:
    tank = await ctx.state(Tank, "t")
    left: int = tank.left()
    total = left + len(tank.labels("a"))
    print(tank.level().litres + 1, tank.level().name.upper(), f"{tank.left()}", tank.summary()["left"])
    if tank.left() > 3 and "a" in tank.labels("a") and tank.left() == 5:
        print(-tank.left(), max(tank.left(), 3), 1 + tank.left())
    level: Level = tank.level()
    print(level.litres)
    labels: list[str] = [label.upper() for label in tank.labels("a")]
    print(labels, total)

    tank.labels(7)  # type: ignore[arg-type]
    tank.left("a")  # type: ignore[call-arg]


async def references(ctx: Context) -> None:
    tank = ctx.entity(Tank, "t")
    assert_type(await tank.left(), int)
    assert_type(await tank.labels("a"), list[str])
    left: int = await tank.left()
    assert_type(left, int)
