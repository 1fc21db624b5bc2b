"""decoding.admission: which names of a meter get into the database."""

import pytest

from telegraf_han.decoding.admission import FIELDS_LIMIT, SERIALS_LIMIT, Admission, Kind
from telegraf_han.telegram import Body, Column, Shape


def body(*fields: str, serial: str = "1") -> Body:
    """A telegram with these fields. "" is a value without a field, such as the clock."""
    columns = tuple(Column(None, None, "", name, name, 1) for name in fields)
    return Body(Shape(columns), [1] * len(columns), None, serial, "")


def test_first_telegram() -> None:
    """The first telegram is admitted whole, though nothing proves it."""
    first = body("a", "b")

    assert Admission().kind(first, proven=False) == Kind(first.shape)


@pytest.mark.parametrize(("proven", "refused"), [(True, 0), (False, 1)])
def test_new_field(proven: bool, refused: int) -> None:
    """A telegram that nothing proves brings no new field. One that is proven does."""
    admission = Admission()
    admission.kind(body("a", "b"), proven=False)

    kind = admission.kind(body("", "a", "c", "b"), proven=proven)

    assert kind.refused == refused
    assert [column.field for column in kind.shape.columns] == (["", "a", "c", "b"] if proven else ["", "a", "b"])
    assert kind.places == (() if proven else (0, 1, 3))


def test_same_kind_again() -> None:
    """The same kind that comes twice in a row is no noise, and is admitted."""
    admission, new = Admission(), body("a", "c")
    admission.kind(body("a"), proven=False)

    assert [admission.kind(new, proven=False).refused for _ in range(3)] == [1, 0, 0]


def test_other_serial_number() -> None:
    """Another serial number needs a proof, and there is room for so many."""
    admission = Admission()
    admission.kind(body("a"), proven=False)

    assert admission.kind(body("a", serial="2"), proven=False) == Kind(None, refused=1)
    found = [admission.kind(body("a", serial=str(number)), proven=True).shape is not None for number in range(3, 3 + SERIALS_LIMIT)]
    assert found == [True] * (SERIALS_LIMIT - 1) + [False]


def test_too_many_fields() -> None:
    """A meter has room for so many fields. What is beyond is left out, and the rest is kept at its places."""
    many = body(*(f"f{number}" for number in range(FIELDS_LIMIT + 2)))

    kind = Admission().kind(many, proven=True)

    assert (len(kind.shape.columns), kind.places, kind.refused) == (FIELDS_LIMIT, tuple(range(FIELDS_LIMIT)), 2)
