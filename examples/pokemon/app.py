"""Castore's demo: Pokémon appear, level up and are caught. `actum run examples.pokemon.app:app`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from actum import (
    Actions,
    App,
    Context,
    Entity,
    Event,
    Page,
    Recorded,
    Rejected,
    View,
    command,
    query,
    reducer,
)

MAX_LEVEL = 99
Level = Annotated[int, Meta(ge=1, le=MAX_LEVEL)]


class Appeared(Event):
    name: str
    level: int


class LevelledUp(Event):
    pass


class CaughtByTrainer(Event):
    trainer: str


class GameStarted(Event):
    name: str


class PokemonCaught(Event):
    pokemon: str


class Pokemon(Entity):
    name: str = ""
    level: int = 0
    status: Literal["wild", "caught"] = "wild"
    trainer: str | None = None

    @command(must_be_new=True)
    def appear(self, name: str, level: Level) -> None:
        self.emit(Appeared(name, level))

    @command(must_exist=True)
    def level_up(self) -> int:
        if self.level == MAX_LEVEL:
            raise Rejected(f"{self.name} has the highest level", code="maxed_out")
        self.emit(LevelledUp())
        return self.level

    @command(must_exist=True)
    def be_caught(self, trainer: str) -> None:
        if self.status == "caught":
            raise Rejected(f"{self.name} is caught already", code="caught", trainer=self.trainer)
        self.emit(CaughtByTrainer(trainer))

    @reducer
    def appeared(self, event: Appeared) -> None:
        self.name, self.level = event.name, event.level

    @reducer
    def levelled_up(self, event: LevelledUp) -> None:
        self.level += 1

    @reducer
    def caught(self, event: CaughtByTrainer) -> None:
        self.status, self.trainer = "caught", event.trainer


class Trainer(Entity):
    name: str = ""
    pokemons: list[str] = []  # noqa: RUF012 (each entity gets its own)

    @command(must_be_new=True)
    def start_game(self, name: str) -> None:
        self.emit(GameStarted(name))

    @command(must_exist=True)
    def catch(self, pokemon: str) -> None:
        self.emit(PokemonCaught(pokemon))

    @reducer
    def started(self, event: GameStarted) -> None:
        self.name = event.name

    @reducer
    def caught(self, event: PokemonCaught) -> None:
        self.pokemons = [*self.pokemons, event.pokemon]


class Pokemons(View, of=Pokemon, indexes=["status"]):
    @query("SELECT * FROM pokemons WHERE status = :status ORDER BY level DESC, id LIMIT 100")
    def by_status(self, status: Literal["wild", "caught"]) -> "list[Pokemons]": ...


class Catch(Struct):
    trainer: str


game = Actions()
game.expose(Pokemon, path="/pokemons/{id}", without=[Pokemon.be_caught], state=True)
game.expose(Trainer, path="/trainers/{id}", without=[Trainer.catch], state=True)
game.expose(Pokemons, path="/pokedex")


@game.post("/pokemons/{id:str}/catch", status_code=204)
async def catch(ctx: Context, id: str, data: Catch) -> None:
    await ctx.atomic(catch_both, id, data.trainer)


async def catch_both(ctx: Context, pokemon: str, trainer: str) -> None:
    await ctx.entity(Pokemon, pokemon).be_caught(trainer)
    await ctx.entity(Trainer, trainer).catch(pokemon)


@game.get("/pokemons/{id:str}/events")
async def events(ctx: Context, id: str) -> list[Recorded[Event]]:
    return await ctx.history(Pokemon, id)


@game.get("/pokemons")
async def pokemons(ctx: Context, page: str | None = None) -> Page:
    return await ctx.ids(Pokemon, page=page)


app = App("pokemon", entities=[Pokemon, Trainer], views=[Pokemons], actions=[game])
