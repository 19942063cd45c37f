"""What a request may say with its headers, and what a response tells with its own."""

import pytest
from litestar import Response

from actum import Actions, Context, Rejected
from tests.http.bank import Account, Balances, bank
from tests.http.serving import serving

FIVE = {"amount": 5}


async def test_a_callers_correlation_id_comes_back_and_goes_into_the_events() -> None:
    group = Actions()

    @group.get("/trail")
    async def trail(ctx: Context) -> list[str]:
        return [recorded.metadata.correlation_id for recorded in await ctx.history(Account, "a")]

    async with serving(bank(group)) as http:
        answer = await http.post("/accounts/a/deposits", json=FIVE, headers={"X-Correlation-ID": "order-66"})
        found = await http.get("/trail")

    assert answer.headers["x-correlation-id"] == "order-66"
    assert found.json() == ["order-66"]


@pytest.mark.parametrize("odd", ["x" * 129, "", "two words", "naïve", "tab\there"])
async def test_an_odd_correlation_id_is_replaced(odd: str) -> None:
    async with serving(bank()) as http:
        answer = await http.get("/total", headers={"X-Correlation-ID": odd.encode()})

    assert answer.status_code == 200
    assert len(answer.headers["x-correlation-id"]) == 32


async def test_every_request_without_a_correlation_id_gets_another() -> None:
    async with serving(bank()) as http:
        first, second = await http.get("/total"), await http.get("/nowhere")

    assert first.headers["x-correlation-id"] != second.headers["x-correlation-id"]


@pytest.mark.parametrize(("first", "again"), [("key-1", "key-1"), ('"key-1"', "key-1")])
async def test_a_request_sent_again_with_its_key_takes_effect_once(first: str, again: str) -> None:
    async with serving(bank()) as http:
        one = await http.post("/accounts/a/deposits", json=FIVE, headers={"Idempotency-Key": first})
        two = await http.post("/accounts/a/deposits", json=FIVE, headers={"Idempotency-Key": again})
        other = await http.post("/accounts/a/deposits", json=FIVE, headers={"Idempotency-Key": "key-2"})

    assert (one.json(), two.json(), other.json()) == (5, 5, 10)
    assert one.headers["actum-position"] == two.headers["actum-position"]


async def test_a_key_also_covers_several_commands_of_one_request() -> None:
    group = Actions()

    @group.post("/both")
    async def both(ctx: Context) -> list[int]:
        account = ctx.entity(Account, "a")
        return [await account.deposit(2), await account.deposit(2), await ctx.entity(Account, "b").deposit(3)]

    async with serving(bank(group)) as http:
        one = await http.post("/both", headers={"Idempotency-Key": "k"})
        two = await http.post("/both", headers={"Idempotency-Key": "k"})

    assert one.json() == two.json() == [2, 4, 3]


async def test_a_request_whose_version_is_still_current_goes_through_even_when_sent_again() -> None:
    headers = {"If-Match": '"1"', "Idempotency-Key": "k"}
    async with serving(bank()) as http:
        opened = await http.post("/accounts/a", params={"owner": "ann"})
        first = await http.post("/accounts/a/deposits", json=FIVE, headers=headers)
        again = await http.post("/accounts/a/deposits", json=FIVE, headers=headers)

    assert (opened.headers["etag"], first.headers["etag"]) == ('"1"', '"2"')
    assert (first.status_code, again.status_code, again.json()) == (201, 201, 5)


@pytest.mark.parametrize("tag", ['"7"', '"0"'])
async def test_a_request_whose_version_has_passed_is_refused(tag: str) -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})

        answer = await http.post("/accounts/a/deposits", json=FIVE, headers={"If-Match": tag})

    assert answer.status_code == 412
    assert (answer.json()["expected"], answer.json()["actual"]) == (int(tag.strip('"')), 1)
    assert "etag" not in answer.headers


async def test_the_first_command_of_a_unit_is_held_to_the_version_too() -> None:
    group = Actions()

    @group.post("/both")
    async def both(ctx: Context) -> int:
        async def unit(inner: Context) -> int:
            await inner.entity(Account, "a").deposit(2)
            return await inner.entity(Account, "b").deposit(3)

        return await ctx.atomic(unit)

    async with serving(bank(group)) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        refused = await http.post("/both", headers={"If-Match": '"4"'})
        done = await http.post("/both", headers={"If-Match": '"1"'})

    assert (refused.status_code, refused.json()["actual"]) == (412, 1)
    assert (done.status_code, done.json()) == (201, 3)


@pytest.mark.parametrize("tags", ["*", '"1"', '"7", "1"', '"7","1",', ', "1" ,"x"', 'W/"7", "1"'])
async def test_one_of_several_versions_is_enough(tags: str) -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})

        answer = await http.post("/accounts/a/deposits", json=FIVE, headers={"If-Match": tags})

    assert answer.status_code == 201


@pytest.mark.parametrize("tags", ['W/"1"', '"7", "8"', '"seven"', 'W/"1", "2"', '"01"', '""'])
async def test_tags_that_are_weak_or_of_other_answers_fit_no_version(tags: str) -> None:
    """A weak tag says that two answers mean the same, and If-Match asks for the very same (RFC 9110)."""
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})

        answer = await http.post("/accounts/a/deposits", json=FIVE, headers={"If-Match": tags})

    assert (answer.status_code, answer.json()["type"]) == (412, "urn:actum:problem:wrong-version")
    assert answer.json()["actual"] == 1


async def test_any_version_is_not_that_of_an_entity_which_is_not_there() -> None:
    async with serving(bank()) as http:
        refused = await http.post("/accounts/a/deposits", json=FIVE, headers={"If-Match": "*"})
        total = await http.get("/total")

    assert (refused.status_code, refused.json()["actual"]) == (412, 0)
    assert refused.json()["detail"].startswith("Account/a does not exist, and the call says If-Match: *")
    assert total.json() == 1


async def test_what_must_not_be_there_yet_is_made_once() -> None:
    async with serving(bank()) as http:
        made, again = [
            await http.post("/accounts/a", params={"owner": name}, headers={"If-None-Match": "*"})
            for name in ("ann", "bob")
        ]

    assert (made.status_code, again.status_code) == (201, 412)
    assert (again.json()["expected"], again.json()["actual"]) == (0, 1)


async def test_a_version_that_is_known_is_one_that_a_request_may_not_want() -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        known = await http.post("/accounts/a/deposits", json=FIVE, headers={"If-None-Match": 'W/"1"'})
        other = await http.post("/accounts/a/deposits", json=FIVE, headers={"If-None-Match": '"2", "3"'})
        both = await http.post(
            "/accounts/a/deposits", json=FIVE, headers={"If-None-Match": "*", "If-Match": '"2"'}
        )

    assert (known.status_code, other.status_code, both.status_code) == (412, 201, 412)


@pytest.mark.parametrize("tags", ['"2"', 'W/"2"', '"1", "2"', "*"])
async def test_an_answer_that_the_client_has_already_is_not_sent_again(tags: str) -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        await http.post("/accounts/a/deposits", json=FIVE)
        known = await http.get("/accounts/a", headers={"If-None-Match": tags})
        other = await http.get("/accounts/a", headers={"If-None-Match": '"1"'})

    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"2"')
    assert "content-type" not in known.headers
    assert (other.status_code, other.json()) == (200, 5)


@pytest.mark.parametrize("header", ["Idempotency-Key", "Actum-Position"])
async def test_a_header_that_says_one_thing_cannot_say_two(header: str) -> None:
    async with serving(bank()) as http:
        twice = await http.post("/accounts/a/deposits", json=FIVE, headers=[(header, "1"), (header, "2")])
        same = await http.post("/accounts/a/deposits", json=FIVE, headers=[(header, "1"), (header, "1")])

    assert (twice.status_code, twice.json()["field"]) == (400, header)
    assert (same.status_code, same.json()) == (201, 5)


async def test_a_list_may_come_in_several_headers() -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})

        answer = await http.post(
            "/accounts/a/deposits", json=FIVE, headers=[("If-Match", '"7"'), ("If-Match", '"1"')]
        )

    assert answer.status_code == 201


async def test_every_answer_is_taken_for_what_its_type_says() -> None:
    group = Actions()

    @group.get("/own")
    async def own() -> Response[str]:
        return Response("", headers={"X-Content-Type-Options": "other"})

    async with serving(bank(group)) as http:
        answers = [
            await http.get(path, headers=headers)
            for path, headers in [
                ("/total", {}),
                ("/nowhere", {}),
                ("/-/health", {}),
                ("/schema/openapi.json", {}),
                ("/total", {"Actum-Position": "x"}),
            ]
        ]
        mine = await http.get("/own")

    assert [answer.headers.get_list("x-content-type-options") for answer in answers] == [["nosniff"]] * 5
    assert mine.headers.get_list("x-content-type-options") == ["other"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("If-Match", "7"),
        ("If-Match", '"1" "2"'),
        ("If-None-Match", "seven"),
        ("If-Match", ""),
        ("Idempotency-Key", ""),
        ("Idempotency-Key", '""'),
        ("Idempotency-Key", "k" * 256),
        ("Idempotency-Key", "schlüssel".encode()),
        ("Actum-Position", "-1"),
        ("Actum-Position", "here"),
        ("Actum-Position", "9" * 30),
        ("Actum-Position", "٣".encode()),
    ],
)
async def test_a_header_that_cannot_be_read_is_a_problem_that_names_it(header: str, value: str) -> None:
    async with serving(bank()) as http:
        answer = await http.post(
            "/accounts/a/deposits", json=FIVE, headers={header: value, "X-Correlation-ID": "c-9"}
        )
        total = await http.get("/total")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-correlation-id"] == "c-9"
    assert (answer.json()["field"], answer.json()["instance"]) == (header, "urn:actum:request:c-9")
    assert total.json() == 1


async def test_a_view_shows_what_the_request_wrote_whose_position_is_sent_along() -> None:
    async with serving(bank()) as http:
        written = await http.post("/accounts/a/deposits", json={"amount": 30})
        position = written.headers["actum-position"]

        shown = await http.get("/total", headers={"Actum-Position": position})

    assert (position, shown.json()) == ("1", 30)
    assert shown.headers["actum-position"] == "1"


async def test_a_position_beyond_all_that_is_kept_shows_all_there_is() -> None:
    """The event that it names may have been erased since."""
    async with serving(bank()) as http:
        written = await http.post("/accounts/a/deposits", json={"amount": 30})

        shown = await http.get("/total", headers={"Actum-Position": "7"})

    assert written.headers["actum-position"] == "1"
    assert (shown.status_code, shown.json()) == (200, 30)
    assert shown.headers["actum-position"] == "1"


async def test_a_response_names_no_position_and_no_version_when_there_is_none() -> None:
    async with serving(bank()) as http:
        answer = await http.get("/total")

    assert "actum-position" not in answer.headers
    assert "etag" not in answer.headers


async def test_a_query_of_an_entity_names_its_version() -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})

        answer = await http.get("/accounts/a")

    assert answer.headers["etag"] == '"1"'


async def test_a_list_has_no_version_and_an_authors_own_tag_stays() -> None:
    group = Actions()

    @group.get("/listed")
    async def listed(ctx: Context) -> list[int]:
        return [await ctx.entity(Account, "a").current_balance()]

    @group.get("/tagged")
    async def tagged(ctx: Context) -> Response[int]:
        return Response(await ctx.entity(Account, "a").current_balance(), headers={"ETag": '"mine"'})

    async with serving(bank(group)) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        plain, own = await http.get("/listed"), await http.get("/tagged")

    assert "etag" not in plain.headers
    assert own.headers.get_list("etag") == ['"mine"']


async def test_a_refusal_has_no_version_but_the_position_of_what_was_written_before_it() -> None:
    group = Actions()

    @group.post("/half")
    async def half(ctx: Context) -> None:
        await ctx.entity(Account, "a").deposit(1)
        raise Rejected("that was too much")

    async with serving(bank(group)) as http:
        answer = await http.post("/half")

    assert (answer.status_code, answer.headers["actum-position"]) == (422, "1")
    assert "etag" not in answer.headers


async def test_a_cached_answer_tells_of_the_request_it_goes_to() -> None:
    group = Actions()

    @group.get("/cached", cache=60)
    async def cached(ctx: Context) -> int:
        await ctx.entity(Account, "a").deposit(1)
        return await ctx.view(Balances).total()

    async with serving(bank(group)) as http:
        first = await http.get("/cached", headers={"X-Correlation-ID": "c-1"})
        second = await http.get("/cached", headers={"X-Correlation-ID": "c-2"})

    assert (first.json(), second.json()) == (1, 1)
    assert second.headers.get_list("x-correlation-id") == ["c-2"]
    assert "actum-position" not in second.headers
