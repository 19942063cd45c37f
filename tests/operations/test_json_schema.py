"""The schema document: what other programs may rely on about an application."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from actum import App, Entity, Event, View, command, query, reducer
from actum.app import definition_of
from actum.operations.json_schema import schema_of

Amount = Annotated[int, Meta(gt=0)]


class Line(Struct):
    article: str
    count: Amount = 1


class Ordered(Event, name="order.placed", version=2):
    lines: list[Line]


@Ordered.upcast(1)
def add_lines(payload: dict[str, Any]) -> dict[str, Any]:
    return {"lines": [payload]}


class Order(Entity):
    lines: list[Line] = field(default_factory=list)

    @command
    def place(self, lines: list[Line], note: str = "none") -> int:
        """Places the order, once."""
        raise NotImplementedError

    @query
    def size(self) -> int:
        return len(self.lines)

    @reducer
    def ordered(self, event: Ordered) -> None:
        self.lines += event.lines


class Orders(View, key="article"):
    article: str
    count: int = 0

    @reducer(key=lambda event: [line.article for line in event.lines])
    def ordered(self, event: Ordered) -> None:
        self.count += 1

    @query("SELECT article FROM orders WHERE count >= :least")
    def popular(self, least: int) -> list[str]: ...


def schema(*, entities: list[type[Entity]], views: list[type[View]]) -> dict[str, Any]:
    catalog = definition_of(App("shop", entities=entities, views=views)).catalog
    return schema_of("shop", catalog.events, catalog.kinds, catalog.views)


def test_an_event_stands_under_its_stored_name_with_its_version_and_payload() -> None:
    document = schema(entities=[Order], views=[])

    event = document["events"]["order.placed"]

    assert event["version"] == 2
    assert event["payload"] == {"$ref": "#/$defs/Ordered"}
    assert document["$defs"]["Ordered"]["properties"]["lines"]["items"] == {"$ref": "#/$defs/Line"}


def test_a_command_has_its_parameters_by_name_their_defaults_its_reply_and_its_description() -> None:
    document = schema(entities=[Order], views=[])

    place = document["entities"]["Order"]["commands"]["place"]

    assert place == {
        "description": "Places the order, once.",
        "parameters": {
            "type": "object",
            "properties": {
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
                "note": {"type": "string", "default": "none"},
            },
            "required": ["lines"],
            "additionalProperties": False,
        },
        "reply": {"type": "integer"},
    }


def test_an_entity_has_its_state_its_events_and_its_queries() -> None:
    document = schema(entities=[Order], views=[])

    order = document["entities"]["Order"]

    assert order["state"] == {"$ref": "#/$defs/Order"}
    assert order["events"] == ["order.placed"]
    assert order["queries"]["size"]["answer"] == {"type": "integer"}


def test_a_view_has_its_key_its_row_and_its_queries() -> None:
    document = schema(entities=[Order], views=[Orders])

    orders = document["views"]["orders"]

    assert (orders["key"], orders["row"]) == ("article", {"$ref": "#/$defs/Orders"})
    popular = orders["queries"]["popular"]
    assert popular["parameters"]["properties"] == {"least": {"type": "integer"}}
    assert popular["answer"] == {"type": "array", "items": {"type": "string"}}


def test_limits_of_a_type_are_part_of_its_schema() -> None:
    document = schema(entities=[Order], views=[])

    count = document["$defs"]["Line"]["properties"]["count"]

    assert count == {"type": "integer", "exclusiveMinimum": 0, "default": 1}


def test_the_same_declarations_give_the_same_document_in_whatever_order_they_are_listed() -> None:
    class Shelf(Entity, emits=[Ordered]):
        height: int = 0

    one = schema(entities=[Order, Shelf], views=[Orders])
    other = schema(entities=[Shelf, Order], views=[Orders])

    assert msgspec.json.encode(one) == msgspec.json.encode(other)


def test_two_classes_of_one_name_are_told_apart() -> None:
    class Ordered(Event, name="order.confirmed"):
        by: str

    class Confirmation(Entity):
        by: str = ""

        @reducer
        def confirmed(self, event: Ordered) -> None:
            self.by = event.by

    document = schema(entities=[Order, Confirmation], views=[])

    payloads = [event["payload"]["$ref"] for event in document["events"].values()]
    properties = [set(document["$defs"][ref.removeprefix("#/$defs/")]["properties"]) for ref in payloads]
    assert properties == [{"by"}, {"lines"}]
