"""Changes to all that is frozen besides events: what the check says of each, and how to fix it."""

from pathlib import Path

import pytest

from actum.operations.evolution.declared import lock_of
from actum.operations.evolution.judgement import check, is_current, merged
from actum.operations.evolution.lock import Lock, LockError, read_lock, write_lock
from tests.evolution.applications import application
from tests.evolution.shop_cases import CASES, SHOP, ShopCase

PLACED = "class Placed(Event):\n    sku: str"


def of_event(sku: str) -> str:
    """Gives the text of a lock whose one event has a field of a type."""
    event = f'{{"version": 1, "fields": {{"sku": "{sku}"}}}}'
    return f'{{"format": 1, "application": "shop", "events": {{"Placed": {event}}}}}'


def frozen(folder: Path, source: str = SHOP) -> Lock:
    return read_lock(write_lock(lock_of(application(folder, source))).encode(), "the lock")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_check_gives_the_verdict_says_why_and_what_to_do(case: ShopCase, tmp_path: Path) -> None:
    source = SHOP
    for before, after in case.edits:
        assert before in source
        source = source.replace(before, after)

    found = check(application(tmp_path, source), frozen(tmp_path))

    assert (found[0].verdict if found else "compatible") == case.verdict, found
    if case.where:
        about = [change for change in found if change.where == case.where and change.verdict == case.verdict]
        assert any(case.why in change.why and case.fix in change.fix for change in about), found
    assert all(change.fix for change in found if change.is_breaking)


def test_nothing_is_said_of_an_application_that_is_as_it_was_frozen(tmp_path: Path) -> None:
    lock = frozen(tmp_path)
    again = application(tmp_path, SHOP)

    assert check(again, lock) == []
    assert is_current(again, lock)


def test_a_lock_is_the_same_text_in_whatever_order_classes_are_listed(tmp_path: Path) -> None:
    two = "class Cart(Entity):\n    pass\n\n\napp = App"
    one = SHOP.replace("app = App", two).replace("[Order]", "[Order, Cart]")
    other = SHOP.replace("app = App", two).replace("[Order]", "[Cart, Order]")

    assert write_lock(frozen(tmp_path, one)) == write_lock(frozen(tmp_path, other))


def test_each_item_of_a_lock_has_a_line_of_its_own(tmp_path: Path) -> None:
    wider = SHOP.replace(PLACED, f"{PLACED}; note: str = ''")

    before, after = write_lock(frozen(tmp_path)), write_lock(frozen(tmp_path, wider))

    added = set(after.splitlines()) - set(before.splitlines())
    assert added == {'        "note": "str = \'\'"'}


def test_the_default_of_a_field_that_came_later_cannot_change(tmp_path: Path) -> None:
    """Events of before the field came are read with it; a field that was always there is stored."""

    def shop(field: str) -> str:
        return SHOP.replace(PLACED, f"{PLACED}\n    {field}")

    later = merged(frozen(tmp_path), frozen(tmp_path, shop("note: str = 'none'")))
    always = frozen(tmp_path, shop("note: str = 'none'"))
    changed = application(tmp_path, shop("note: str = 'other'"))

    assert [change.verdict for change in check(changed, later)] == ["upcast"]
    assert "payload.setdefault(\"note\", 'none')" in check(changed, later)[0].code
    assert [change.verdict for change in check(changed, always)] == ["compatible"]


def test_a_lock_of_another_application_is_refused(tmp_path: Path) -> None:
    other = application(tmp_path, SHOP.replace('App("shop"', 'App("market"'))

    with pytest.raises(LockError, match="name another file with --lock"):
        check(other, frozen(tmp_path))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "restore it from version control"),
        ('{"format": 9, "application": "shop"}', "upgrade Actum"),
        (of_event("(("), "a type"),
        (of_event("Lost"), "names a type 'Lost'"),
    ],
)
def test_a_damaged_lock_is_refused_with_what_to_do(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(LockError, match=says.replace("(", r"\(")):
        check(application(tmp_path, SHOP), read_lock(text.encode(), "actum.lock.json"))
