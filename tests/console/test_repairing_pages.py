"""The pages Entities, Trace and Work: what each shows, full and empty, and that forms need their token."""

import asyncio
import re
import shlex
from collections.abc import AsyncIterator

import pytest

from actum import App, Entity, Event, command, reducer
from actum.console.pages.entities import ENTITIES
from actum.console.pages.trace import TRACE
from actum.console.pages.work.page import WORK
from tests.console.desk import app
from tests.console.opening import eventually, token_of
from tests.console.operating import CONSOLE, Operator, operating, said
from tests.console.shop import app as shop

PATIENCE = 30.0
PAGES = (ENTITIES, TRACE, WORK)
FORMS = [f"{page.name}{one.path}" for page in PAGES for one in page.routes if one.method == "POST"]
SHOWN = [f"{page.name}{one.path}" for page in PAGES for one in page.routes if one.method == "GET"]


@pytest.fixture
async def operator() -> AsyncIterator[Operator]:
    async with operating(app) as operator:
        yield operator


@pytest.fixture
async def busy(operator: Operator) -> Operator:
    """An operator of a desk where a receipt, a notice and a closing have failed."""
    for path in (
        "/accounts/a/deposits?amount=50",
        "/accounts/a/deposits?amount=150",
        "/accounts/b/deposits?amount=13",
        "/accounts/a/closing?amount=600",
        "/accounts/a/later?amount=5",
    ):
        answer = await operator.http.post(path, headers={"X-Correlation-ID": path.partition("?")[0]})
        assert answer.status_code < 300
    await until(operator, "work/letters", "the printer has no room for 150")
    await until(operator, "work/letters", "nobody is told of 13")
    await until(operator, "work/workflows", "the till does not hold 600")
    return operator


async def until(operator: Operator, path: str, text: str, *, is_gone: bool = False) -> str:
    """Opens a page until it says something, or (if `is_gone`) no longer says it; gives what it says."""
    async with asyncio.timeout(PATIENCE):
        while (text in (page := await operator.open(path))) is is_gone:  # noqa: ASYNC110 (the page is all)
            await asyncio.sleep(0.02)
    return page


async def test_entities_are_listed_and_found_by_how_their_ids_begin(busy: Operator) -> None:
    page = await busy.open("entities?kind=Account")
    found = await busy.open("entities?kind=Account&id=b")
    none = await busy.open("entities?kind=Account&id=zebra")

    assert "a 3" in page
    assert " b 1 " in found
    assert "No Account has an id that begins with “zebra”." in none


async def test_an_entity_is_shown_as_a_timeline(busy: Operator) -> None:
    await until(busy, "entities/one?kind=Account&id=a", "Printed")

    page = await busy.open("entities/one?kind=Account&id=a&version=1")

    assert "State at version 1 of 3" in page
    assert "Deposited" in page
    assert "balance 0 → 50" in page
    assert "command deposit" in page


async def test_an_id_may_hold_anything(operator: Operator) -> None:
    await operator.send(
        "entities/send",
        status=200,
        kind="Account",
        id="a/b?c=ü<i>",
        command="deposit",
        **{"argument.amount": "7"},
    )

    listed = await operator.http.get(f"{CONSOLE}/entities")
    [address] = re.findall(r'href="([^"]*/entities/one[^"]*)"', listed.text)
    page = await operator.http.get(address.replace("&amp;", "&"))

    assert "<i>" not in page.text.replace("&lt;i&gt;", "")
    assert "a/b?c=ü<i>" in said(page)
    assert "balance 0 → 7" in said(page)


async def test_an_entity_that_there_is_not_yet_can_be_sent_a_command(operator: Operator) -> None:
    page = await operator.open("entities/one?kind=Account&id=new")
    sent = await operator.send(
        "entities/send",
        status=200,
        kind="Account",
        id="new",
        command="open",
        **{"argument.owner": "ann", "argument.first": "40"},
    )

    assert "There is no Account with this id yet" in page
    text = said(sent)
    assert "open was sent. Reply: 40" in text
    assert "New events 1 Opened" in text
    assert "by local operator" in text
    assert "owner ann balance 40 receipts []" in text.replace('"', "")


async def test_a_command_that_is_refused_says_why_and_keeps_what_was_typed(operator: Operator) -> None:
    refused = await operator.send(
        "entities/send", status=422, kind="Account", id="a", command="deposit", **{"argument.amount": "-4"}
    )
    unread = await operator.send(
        "entities/send", status=400, kind="Account", id="a", command="deposit", **{"argument.amount": "much"}
    )

    assert "put in more than nothing" in said(refused)
    assert 'value="-4"' in refused.text
    assert "Account.deposit: amount: " in said(unread)


async def test_a_command_is_copied_as_curl_that_works(operator: Operator) -> None:
    shown = await operator.send(
        "entities/send",
        status=200,
        kind="Account",
        id="a",
        command="deposit",
        code="1",
        **{"argument.amount": "7"},
    )
    line = next(line for line in re.findall(r"<pre[^>]*>(.*?)</pre>", shown.text, re.S) if "curl" in line)
    words = shlex.split(line.replace("&#39;", "'").replace("&amp;", "&").replace("&#34;", '"'))

    url = next(word for word in words if word.startswith("http"))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    fields = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--data-urlencode")
    operator.http.cookies.clear()
    answer = await operator.http.post(url, headers=headers, data=fields)

    assert answer.json() == {
        "reply": 7,
        "version": 1,
        "events": [{"version": 1, "type": "Deposited", "event": {"amount": 7}}],
        "state": {"owner": "", "balance": 7, "receipts": []},
    }


async def test_what_if_shows_a_state_that_nothing_stores(busy: Operator) -> None:
    answer = await busy.send(
        "entities/what-if",
        status=200,
        kind="Account",
        id="a",
        version="1",
        type="Deposited",
        payload='{"amount":7}',
    )
    wrong = await busy.send(
        "entities/what-if", status=400, kind="Account", id="a", version="1", type="Deposited", payload="{}"
    )

    assert "After Deposited , as version 2, it would be: balance 50 → 57" in said(answer)
    assert "this is no Deposited: Object missing required field `amount`" in said(wrong)
    assert "57" not in await busy.open("entities/one?kind=Account&id=a")


async def test_a_trace_is_shown_as_a_tree(busy: Operator) -> None:
    page = await busy.open("trace?id=/accounts/a/deposits")
    listed = await busy.open("trace")
    none = await busy.open("trace?id=unknown")

    assert "command Account/a deposit" in page
    assert "letter print_receipt@queue:receipts dead, tried once" in page
    assert "/accounts/a/deposits" in listed
    assert "Nothing with this id was found" in none
    assert "Searched were the events at positions 1 to" in none


async def test_a_trace_says_which_row_is_set_aside() -> None:
    async with operating(shop) as operator:
        for id, amount in (("a", 13), ("b", 2)):
            params = {"customer": "ann", "amount": amount}
            await operator.http.post(f"/orders/{id}", params=params, headers={"X-Correlation-ID": f"to-{id}"})
        await eventually(
            lambda: operator.http.get(f"{CONSOLE}/views/orders"), lambda text: "set aside" in text
        )
        good, bad = await operator.open("trace?id=to-b"), await operator.open("trace?id=to-a")

    assert "view orders shows it" in good
    assert "view orders its row is set aside" in bad
    assert "no shelf holds 13" in bad


async def test_the_map_marks_the_action_of_a_queue_and_leads_to_its_letters(busy: Operator) -> None:
    page = await busy.http.get(f"{CONSOLE}/map")

    assert "print_receipt action, stands still" in said(page)
    assert "/work/letters?action=print_receipt%40queue%3Areceipts&amp;status=dead" in page.text


async def test_the_overview_says_what_stands_still_and_why(busy: Operator) -> None:
    page = await busy.open("work")

    assert "dead letter" in page
    assert "ValueError: the printer has no room for 150" in page
    assert "messages of the queue receipts" in page
    assert "Open the letter and see why." in page


async def test_a_letter_is_shown_with_its_error_and_traceback(busy: Operator) -> None:
    letters = await busy.http.get(f"{CONSOLE}/work/letters?action=print_receipt@queue:receipts")
    [id] = re.findall(r'letter\?id=(\d+)"', letters.text)

    page = await busy.open(f"work/letter?id={id}")

    assert "ValueError: the printer has no room for 150" in page
    assert "in print_receipt" in page
    assert '"amount": 150' in page


async def test_a_letter_is_edited_and_retried_and_the_original_is_kept(busy: Operator) -> None:
    letters = await busy.http.get(f"{CONSOLE}/work/letters?action=print_receipt@queue:receipts")
    [id] = re.findall(r'letter\?id=(\d+)"', letters.text)

    wrong = await busy.send("work/letters/edit", status=400, id=id, content='{"account":"a"}')
    await busy.send("work/letters/edit", status=303, id=id, content='{"account":"a","amount":60}')

    assert "Object missing required field `amount`" in said(wrong)
    await until(busy, "work/letters", "the printer has no room", is_gone=True)
    assert "receipts [50,60]" in await busy.open("entities/one?kind=Account&id=a")
    audit = await busy.http.get(f"{CONSOLE}/work/audit")
    assert f"local operator letters edit letter {id}" in said(audit)
    [act] = re.findall(r"audit/act\?id=[0-9a-f]+", audit.text)
    assert '"amount": 150' in await busy.open(f"work/{act}")


async def test_letters_are_skipped_together(busy: Operator) -> None:
    await busy.send("work/letters/ask", status=303, request="skip", **{"every-dead": "1"})

    page = await until(busy, "work/letters", "There are no letters")

    assert "2 letters are to be skipped." in page
    none = await busy.send("work/letters/ask", status=400, request="skip")
    assert "no letter is chosen" in said(none)


async def test_a_workflow_is_restarted_from_a_step(busy: Operator) -> None:
    await busy.send(
        "work/workflow/ask", status=303, kind="Closing", id="a", request="restart", step="1:pay_out"
    )

    page = await until(busy, "work/workflow?kind=Closing&id=a", "run 2")

    assert "pay_out 1 failed" in page
    wrong = await busy.send("work/workflow/ask", status=409, kind="Closing", id="a", request="resume")
    assert "Closing/a is failed: there is nothing to resume" in said(wrong)
    audit = await busy.open("work/audit")
    assert "workflows restart Closing/a" in audit
    assert "failed WrongStatus" in audit


async def test_a_timer_is_cancelled(busy: Operator) -> None:
    page = await busy.http.get(f"{CONSOLE}/work/timers")
    [name] = re.findall(r'name="name" value="([^"]+)"', page.text)

    await busy.send("work/timers/cancel", status=303, name=name)

    assert "No command is to be sent later." in await busy.open("work/timers")


@pytest.mark.parametrize("path", FORMS)
async def test_a_form_without_the_token_of_the_session_does_nothing(busy: Operator, path: str) -> None:
    token = await busy.token()
    fields = {
        "kind": "Account",
        "id": "a",
        "command": "deposit",
        "argument.amount": "7",
        "request": "skip",
        "every-dead": "1",
    }
    before = await busy.open("work/letters"), await busy.open("entities/one?kind=Account&id=a")

    without = await busy.http.post(f"{CONSOLE}/{path}", data=fields)
    of_another = await busy.http.post(f"{CONSOLE}/{path}", data={**fields, "token": "0" * len(token)})
    elsewhere = await busy.http.post(
        f"{CONSOLE}/{path}", data={**fields, "token": token}, headers={"Origin": "http://evil.example"}
    )
    as_json = await busy.http.post(f"{CONSOLE}/{path}", json={**fields, "token": token})

    assert [one.status_code for one in (without, of_another, elsewhere, as_json)] == [403, 403, 403, 415]
    assert "No operator has changed anything yet." in await busy.open("work/audit")
    assert (await busy.open("work/letters"), await busy.open("entities/one?kind=Account&id=a")) == before


@pytest.mark.parametrize("path", SHOWN)
async def test_an_application_with_nothing_in_it_has_pages_that_say_so(path: str) -> None:
    async with operating(App("empty")) as operator:
        answer = await operator.http.get(f"{CONSOLE}/{path}")

        assert answer.status_code in ((404,) if path in NEEDS else (200,))
        assert "Traceback" not in answer.text


NEEDS = {"entities/one", "work/queue", "work/letter", "work/workflow", "work/audit/act"}
"""The addresses that need to be told of what."""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("entities?kind=Nothing", 404),
        ("entities/one?kind=Account&id=a&version=99", 404),
        ("entities/one?kind=Account&id=", 400),
        ("entities/one?kind=Account&id=a&version=x", 400),
        ("entities?kind=Account&page=x", 400),
        ("trace?id=a&near=x", 400),
        ("work/letters?status=lost", 400),
        ("work/letter?id=99", 404),
        ("work/timers?after=x", 400),
        ("work/workflows?status=lost", 400),
        ("work/workflow?kind=Closing&id=zebra", 404),
        ("work/queue?name=zebra", 404),
        ("work/audit/act?id=zebra", 404),
    ],
)
async def test_what_there_is_not_is_said_in_words(busy: Operator, path: str, status: int) -> None:
    page = await busy.open(path, status=status)

    assert "Traceback" not in page
    assert "The log has more" not in page


class Noted(Event):
    text: str


class Broken(Entity):
    """An entity whose history cannot be folded any more."""

    text: str = ""

    @command
    def note(self, text: str) -> None:
        self.emit(Noted(text))

    @reducer
    def noted(self, event: Noted) -> None:
        if event.text in forbidden:
            raise ValueError(f"{event.text} is not understood any more")
        self.text = event.text


forbidden: set[str] = set()


async def test_a_history_that_cannot_be_folded_is_shown_without_its_state() -> None:
    async with operating(App("broken", entities=[Broken])) as operator:
        token = await token_of(operator.http, f"{CONSOLE}/entities/one?kind=Broken&id=x")
        for text in ("one", "two", "three"):
            fields = {"kind": "Broken", "id": "x", "command": "note", "argument.text": text}
            await operator.http.post(f"{CONSOLE}/entities/send", data={"token": token, **fields})
        forbidden.add("two")
        try:
            shown = await operator.open("entities/one?kind=Broken&id=x")
        finally:
            forbidden.clear()

    assert "The state is not known: version 2: a reducer failed: ValueError: two is not understood" in shown
    assert "Timeline 3 Noted" in shown
