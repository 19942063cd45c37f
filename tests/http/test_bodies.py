"""What a request's bytes may be; those that cannot be read are the client's mistake."""

import asyncio
import gzip
import logging
from typing import Annotated, Any

import httpx
import pytest
from litestar import Request
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from msgspec import Struct

from actum import Actions
from tests.http.bank import bank
from tests.http.serving import serving

PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}


class Upload(Struct):
    file: UploadFile
    note: str = ""


forms = Actions()


@forms.post("/upload")
async def upload(data: Annotated[UploadFile, Body(media_type=RequestEncodingType.MULTI_PART)]) -> str:
    return data.filename


@forms.post("/uploads")
async def uploads(
    data: Annotated[list[UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> int:
    return len(data)


@forms.post("/fields")
async def fields(
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, str]:
    return data


@forms.post("/struct")
async def struct(data: Annotated[Upload, Body(media_type=RequestEncodingType.MULTI_PART)]) -> str:
    return data.file.filename


@forms.post("/plain")
async def plain(
    data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> dict[str, str]:
    return data


@forms.post("/own/{how:str}")
async def own(how: str, request: Request[Any, Any, Any]) -> Any:
    read = {"json": request.json, "form": request.form, "msgpack": request.msgpack}[how]
    return str(await read())


def part(disposition: bytes, value: bytes = b"x", further: bytes = b"") -> bytes:
    return (
        b"--b\r\nContent-Disposition: form-data"
        + disposition
        + b"\r\n"
        + further
        + b"\r\n"
        + value
        + b"\r\n--b--\r\n"
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"amount":1,"note":"\xff"}',
        '{"amount":1,"note":"\xe9"}'.encode("latin-1"),
        b'{"amount":1,"note":"\\ud800"}',
        b'{"amount":1}\xff',
        b"\xff\xfe",
        b"",
        b"[",
        b"null",
    ],
)
async def test_json_that_cannot_be_read_is_the_clients_mistake(
    body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits", content=body, headers=JSON)

    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_text_that_is_not_utf_8_is_called_that() -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits", content=b'{"note":"\xff"}', headers=JSON)

    assert answer.json()["detail"] == "the body is not UTF-8: send text in UTF-8"


async def test_a_body_that_is_missing_is_called_that() -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits")

    assert answer.json()["detail"] == "the request has no body, and this address requires one"


@pytest.mark.parametrize("path", ["/upload", "/uploads", "/fields", "/struct"])
@pytest.mark.parametrize(
    "body",
    [
        part(b'; filename="a.txt"'),
        part(b""),
        part(b'; name="note"', b"\xff"),
        part(b'; name="note"', b"x", b"Content-Type: text/plain; charset=klingon\r\n"),
        part(b'; name="\xff"'),
        b"--b\r\n\r\nx\r\n--b--\r\n",
        b"--b",
        b"x",
    ],
)
async def test_a_form_that_cannot_be_read_is_the_clients_mistake(
    path: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(bank(forms)) as http:
        answer = await http.post(path, content=body, headers=MULTIPART)

    # A file that comes alone needs no name, and fields may have any.
    assert 400 <= answer.status_code < 500 or (answer.status_code == 201 and path != "/struct")
    assert answer.status_code == 201 or answer.headers["content-type"] == PROBLEM
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("path", ["/upload", "/uploads", "/fields", "/struct", "/plain"])
@pytest.mark.parametrize(
    "kind",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/json",
        "text/plain",
        ";;",
        "x",
    ],
)
async def test_a_form_of_another_type_is_the_clients_mistake(path: str, kind: str) -> None:
    async with serving(bank(forms)) as http:
        answer = await http.post(path, content=b"\xff=1&a=%ff", headers={"Content-Type": kind})

    assert 400 <= answer.status_code < 500 or (answer.status_code, path) == (201, "/plain")


async def test_a_file_with_a_name_and_a_field_are_taken() -> None:
    async with serving(bank(forms)) as http:
        file = await http.post("/upload", content=part(b'; name="f"; filename="a.txt"'), headers=MULTIPART)
        field = await http.post("/fields", content=part(b'; name="note"', "ü".encode()), headers=MULTIPART)

    assert (file.status_code, file.text) == (201, "a.txt")
    assert field.json() == {"note": "ü"}


@pytest.mark.parametrize("how", ["json", "form", "msgpack"])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b", "text/plain"])
async def test_what_an_action_reads_of_the_request_itself_is_the_clients_too(how: str, kind: str) -> None:
    async with serving(bank(forms)) as http:
        answer = await http.post(
            f"/own/{how}", content=part(b'; filename="a"', b'"\xff"'), headers={"Content-Type": kind}
        )

    assert answer.status_code in (201, 400, 415)


async def test_an_error_of_the_authors_own_is_no_mistake_of_the_client() -> None:
    group = Actions()

    @group.post("/decode")
    async def decode(body: bytes) -> str:
        return body.decode()

    async with serving(bank(group)) as http:
        answer = await http.post("/decode", content=b"\xff")

    assert answer.status_code == 500


async def test_a_compressed_body_is_refused_with_what_would_be_taken() -> None:
    async with serving(bank()) as http:
        answer = await http.post(
            "/accounts/a/deposits",
            content=gzip.compress(b'{"amount":1}'),
            headers={**JSON, "Content-Encoding": "gzip"},
        )

    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["detail"] == (
        "the body's Content-Encoding is gzip, which is not accepted here: send it plain"
    )


@pytest.mark.parametrize("kind", ["application/x-msgpack", "application/x-www-form-urlencoded", "text/xml"])
async def test_a_body_of_another_type_is_told_which_one_is_taken(kind: str) -> None:
    async with serving(bank()) as http:
        answer = await http.post("/accounts/a/deposits", content=b"\x81", headers={"Content-Type": kind})

    assert answer.status_code == 415
    assert answer.json()["detail"] == (
        f"the body's Content-Type is {kind}, and this address accepts application/json"
    )


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml; charset=utf-8", "multipart/form-data", "\xff"]
)
async def test_a_body_that_could_be_read_is_refused_as_what_it_is_not(kind: str) -> None:
    """A page of another site can have a browser send text/plain without asking."""
    async with serving(bank(forms)) as http:
        headers = {"Content-Type": kind.encode("latin-1")}
        answer = await http.post("/accounts/a/deposits", content=b'{"amount":1}', headers=headers)
        form = await http.post("/plain", content=b'{"a":"b"}', headers=JSON)
        file = await http.post("/upload", content=b"{}", headers=JSON)

    assert (answer.status_code, form.status_code, file.status_code) == (415, 415, 415)
    assert form.json()["detail"].endswith("this address accepts application/x-www-form-urlencoded")
    assert file.json()["detail"].endswith("this address accepts multipart/form-data")


@pytest.mark.parametrize(
    "kind", ["", "application/json", "APPLICATION/JSON; charset=x", "application/a+json"]
)
async def test_a_body_of_the_type_that_is_taken_or_of_none_is_read(kind: str) -> None:
    async with serving(bank()) as http:
        await http.post("/accounts/a", params={"owner": "ann"})
        headers = {"Content-Type": kind} if kind else {}
        answer = await http.post("/accounts/a/deposits", content=b'{"amount":1}', headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "klingon"])
async def test_text_in_another_charset_is_told_which_one_is_taken(charset: str) -> None:
    async with serving(bank()) as http:
        answer = await http.post(
            "/accounts/a/deposits",
            content=b'{"note":"\xff"}',
            headers={"Content-Type": f"application/json; charset={charset}"},
        )

    assert answer.status_code == 415
    assert (
        answer.json()["detail"]
        == f"the body's charset is {charset}, which is not accepted here: send it in UTF-8"
    )


@pytest.mark.parametrize("path", ["/upload", "/uploads", "/fields", "/struct"])
@pytest.mark.parametrize("body", [b"", b"--b--\r\n", b"x", b"--b", part(b'; name="a"')])
async def test_a_form_without_what_is_asked_for_is_told_so_in_our_own_words(path: str, body: bytes) -> None:
    async with serving(bank(forms)) as http:
        answer = await http.post(path, content=body, headers=MULTIPART)

    assert answer.status_code in (201, 400)
    assert not any(word in answer.text for word in ("<class", "Unsupported type", "Invalid multipart"))


@pytest.mark.parametrize(
    "path", ["/accounts/%zz", "/accounts/%", "/accounts/a%4?owner=a", "/accounts/a?owner=%g0"]
)
async def test_a_percent_sign_that_stands_for_nothing_is_refused(path: str) -> None:
    """Read as it stands it would be the same as another address."""
    async with serving(bank()) as http:
        answer = await http.post(httpx.URL("http://bank/").copy_with(raw_path=path.encode()))

    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert answer.json()["detail"].endswith("has a % without two hexadecimal digits after it: write %25")


@pytest.mark.parametrize("path", ["/accounts/%ff", "/accounts/%ed%a0%80", "/accounts/a?owner=%ff"])
async def test_a_path_or_query_that_is_not_utf_8_is_refused(path: str) -> None:
    """Read as best they can be, two of them could stand for one entity."""
    async with serving(bank()) as http:
        answer = await http.post(path)

    assert (answer.status_code, answer.headers["content-type"]) == (400, PROBLEM)
    assert "is not UTF-8" in answer.json()["detail"]


async def test_a_path_may_hold_the_very_character_that_stands_for_what_cannot_be_read() -> None:
    async with serving(bank()) as http:
        opened = await http.post("/accounts/%EF%BF%BD", params={"owner": "100 %"})

    assert opened.status_code == 201


async def test_a_client_that_leaves_while_it_sends_is_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asgi = bank().asgi("memory:")
    sent: list[Any] = []
    messages = iter(
        [{"type": "http.request", "body": b'{"am', "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    caplog.set_level(logging.DEBUG, "actum.http")
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/accounts/a/deposits",
        "query_string": b"",
        "headers": [(b"x-correlation-id", b"c-7")],
    }
    await asyncio.wait_for(asgi(scope, receive, send), 30)
    await asgi.close()

    [record] = [record for record in caplog.records if record.name == "actum.http"]
    assert record.levelno == logging.INFO
    assert record.getMessage() == (
        "POST /accounts/a/deposits: the client disconnected while it sent its body (c-7)"
    )
    assert record.exc_info is None
