"""The library keeps every take, finds it again and gives it back as it was."""

import itertools
import sqlite3
from pathlib import Path

import pytest

from engine.errors import LibraryError
from engine.jobs.library import MarkTake, Query
from engine.library import schema
from engine.library.store import Origin, TakeStore
from engine.messages import GenerationRequest, Originality, PartRequest, PartUse, Take, TakeScores
from engine.music.general_midi import Role
from engine.music.harmony import Key, parse_chords
from engine.music.loop import Loop, Note, Track

CANVAS = Loop(
    bars=2,
    tempo_bpm=97.5,
    key=Key.parse("D dorian"),
    chords=parse_chords("Dm7|G7"),
    tracks=(Track(Role.DRUMS, (Note(0, 36, 60),)), Track(Role.BASS, name="Sub")),
    name="50% off_beat",
)
REQUEST = GenerationRequest(
    CANVAS,
    (PartRequest(), PartRequest(use=PartUse.REPLACE, controls=(("density", 4.0),))),
    genre="funk & soul",
    seed=77,
)


def take(number: int = 0, *, originality: Originality | None = None) -> Take:
    loop = CANVAS.with_track(1, CANVAS.tracks[1].with_notes([Note(number * 10, 38, 200, 90)]))
    return Take(number, loop, 77, 0, (), TakeScores(-1.25, 0.5), originality=originality)


@pytest.fixture
def store(tmp_path: Path) -> TakeStore:
    clock = itertools.count(1_700_000_000)
    return TakeStore(tmp_path / "new" / "takes.sqlite", now=lambda: float(next(clock)))


def test_a_take_comes_back_with_all_that_makes_it_again(store: TakeStore) -> None:
    id = store.keep(REQUEST, take(3), Origin("base", "abc", "CPU", 2, "a build"))
    kept = store.load(id)
    assert kept.loop == take(3).loop
    assert kept.request == REQUEST
    assert (kept.row.seed, kept.row.number, kept.row.model, kept.row.model_identity) == (77, 3, "base", "abc")
    assert (kept.row.provider, kept.row.threads, kept.row.build, kept.row.batch) == ("CPU", 2, "a build", 1)
    assert (kept.row.roles, kept.row.written, kept.row.seam) == ("drums bass", "bass", 0.5)


def test_takes_survive_being_closed(tmp_path: Path) -> None:
    first = TakeStore(tmp_path / "t.sqlite")
    id = first.keep(REQUEST, take())
    first.close()
    assert TakeStore(tmp_path / "t.sqlite").load(id).loop == take().loop


def test_two_processes_may_have_it_open(tmp_path: Path) -> None:
    worker, desk = TakeStore(tmp_path / "t.sqlite"), TakeStore(tmp_path / "t.sqlite")
    id = worker.keep(REQUEST, take())
    assert [row.id for row in desk.find()] == [id]


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        (Query(text="dorian bass"), True),
        (Query(text="FUNK"), True),
        (Query(text="dorian keys"), False),
        (Query(text="50%"), True),
        (Query(text="5_%"), False),
        (Query(text='"dorian OR * ('), False),
        (Query(text="( -"), True),
        (Query(text="dor 4/4"), True),
        (Query(key="D dorian"), True),
        (Query(key="D minor"), False),
        (Query(part="bass"), True),
        (Query(part="drums"), False),
        (Query(only_discarded=True), False),
        (Query(min_tempo_bpm=90, max_tempo_bpm=100), True),
        (Query(min_tempo_bpm=98), False),
        (Query(bars=2), True),
        (Query(bars=4), False),
        (Query(only_favourites=True), False),
        (Query(min_rating=1), False),
    ],
)
def test_a_take_is_found_by_what_it_is(store: TakeStore, query: Query, is_found: bool) -> None:
    store.keep(REQUEST, take())
    assert bool(store.find(query)) is is_found


def test_marks_are_kept_and_found(store: TakeStore) -> None:
    first, second = store.keep(REQUEST, take(0)), store.keep(REQUEST, take(1))
    store.mark(MarkTake(first, is_favourite=True))
    store.mark(MarkTake(second, rating=9))
    assert [row.id for row in store.find(Query(only_favourites=True))] == [first]
    assert [(row.id, row.rating) for row in store.find(Query(min_rating=4))] == [(second, 5)]


def test_the_music_of_several_takes_comes_at_once_without_what_is_gone_or_damaged(
    store: TakeStore, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = store.keep(REQUEST, take(0)), store.keep(REQUEST, take(1))
    damaged = store.keep(REQUEST, take(2))
    with store.connection as db:
        db.execute("UPDATE contents SET loop = ? WHERE take_id = ?", (b"rubbish", damaged))
    assert store.loops((second, 99, first, damaged)) == ((first, take(0).loop), (second, take(1).loop))
    assert "take 3 is damaged" in caplog.text
    assert store.written((second, 99)) == ("bass", "")


def test_a_take_that_was_used_is_known_for_it(store: TakeStore) -> None:
    first = store.keep(REQUEST, take(0))
    store.keep(REQUEST, take(1))
    store.mark(MarkTake(first, is_used=True))
    assert [row.is_used for row in store.find()] == [False, True]


def test_words_of_the_producer_are_kept_and_found(store: TakeStore) -> None:
    first = store.keep(REQUEST, take(0))
    store.keep(REQUEST, take(1))
    store.mark(MarkTake(first, tags="verse  dark", note="for the bridge"))
    assert [row.id for row in store.find(Query(text="dark bridge"))] == [first]
    assert store.load(first).row.tags == "verse dark"
    store.mark(MarkTake(first, tags=""))
    assert not store.find(Query(text="dark"))


def test_a_take_thrown_away_is_out_of_the_way_until_it_is_taken_back(store: TakeStore) -> None:
    id = store.keep(REQUEST, take())
    store.mark(MarkTake(id, is_discarded=True))
    assert not store.find()
    assert [row.id for row in store.find(Query(only_discarded=True))] == [id]
    store.mark(MarkTake(id, is_discarded=False))
    assert [row.id for row in store.find()] == [id]


def test_a_library_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    new = TakeStore(tmp_path / "new.sqlite")
    id = new.keep(REQUEST, take())
    new.close()
    with sqlite3.connect(path) as db:
        for statement in schema.VERSIONS[0].split(";"):
            db.execute(statement)
        columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(takes)"))
        db.execute("ATTACH ? AS new", (str(tmp_path / "new.sqlite"),))
        db.execute(f"INSERT INTO main.takes SELECT {columns} FROM new.takes")
        db.execute("INSERT INTO main.contents SELECT * FROM new.contents")
        db.execute("PRAGMA user_version = 1")
    db.close()
    old = TakeStore(path)
    assert [row.id for row in old.find(Query(text="dorian bass"))] == [id]
    assert old.load(id).request == REQUEST
    old.mark(MarkTake(id, tags="old"))
    old.close()
    assert TakeStore(path).find(Query(text="old"))[0].tags == "old"


def test_the_newest_come_first_page_by_page(store: TakeStore) -> None:
    ids = [store.keep(REQUEST, take(n)) for n in range(5)]
    page = store.find(Query(limit=2))
    assert [row.id for row in page] == [ids[4], ids[3]]
    assert [row.id for row in store.find(Query(limit=2, before=page[-1].id))] == [ids[2], ids[1]]


def test_a_discarded_take_is_gone_with_its_music(store: TakeStore) -> None:
    id = store.keep(REQUEST, take())
    store.discard(id)
    assert store.count() == 0
    with pytest.raises(LibraryError):
        store.load(id)


def test_the_bars_that_were_written_are_noted_and_thrown_away_takes_are_counted_by_themselves(store: TakeStore) -> None:
    whole = store.keep(REQUEST, take())
    some = GenerationRequest(CANVAS, (PartRequest(), PartRequest(use=PartUse.REPLACE, bars=(1,))), seed=77)
    store.keep(some, take())
    assert [row.written_bars for row in store.find()] == ["2", "*"]
    store.mark(MarkTake(whole, is_discarded=True))
    assert (store.count(), store.count(is_discarded=True)) == (1, 1)
    assert store.load(whole).row.is_discarded is True


def test_a_newer_library_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(LibraryError, match="newer"):
        TakeStore(path)


def test_what_is_no_library_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    path.write_bytes(b"this is no database, though it is long enough to look at" * 20)
    with pytest.raises(LibraryError):
        TakeStore(path)


def test_what_a_take_shares_with_known_songs_is_kept(store: TakeStore) -> None:
    row = store.keep(REQUEST, take(originality=Originality(0.25, 6, 24, 19)))
    store.keep(REQUEST, take())
    assert store.connection.execute("SELECT * FROM originality").fetchall() == [(row, 0.25, 6, 24, 19)]
    assert store.load(row).originality == Originality(0.25, 6, 24, 19)


def test_what_was_measured_in_another_way_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    old = TakeStore(path)
    id = old.keep(REQUEST, take(originality=Originality(0.25, 6, 24, 19)))
    old.connection.execute("ALTER TABLE takes DROP COLUMN written_bars")  # as the library was then
    old.connection.execute("PRAGMA user_version = 4")
    old.close()
    assert TakeStore(path).load(id).originality is None
