"""The library's tables, and the steps from each older version to the next.

What is searched lies in a narrow table, its words in a full-text index, the music itself in a third table, so that a
hundred thousand takes are searched without reading any of them.
"""

import sqlite3

SCHEMA_VERSION = 7

_VERSION_1 = """
CREATE TABLE takes (
    id INTEGER PRIMARY KEY,
    created REAL NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    tempo_bpm REAL NOT NULL,
    meter TEXT NOT NULL,
    bars INTEGER NOT NULL,
    roles TEXT NOT NULL,
    written TEXT NOT NULL,
    genre TEXT NOT NULL,
    notes INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    number INTEGER NOT NULL,
    model TEXT NOT NULL,
    model_identity TEXT NOT NULL,
    log_likelihood REAL NOT NULL,
    seam REAL,
    is_favourite INTEGER NOT NULL DEFAULT 0,
    rating INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX takes_by_mark ON takes (is_favourite, id);
CREATE INDEX takes_by_rating ON takes (rating, id);
CREATE TABLE contents (
    take_id INTEGER PRIMARY KEY REFERENCES takes (id) ON DELETE CASCADE,
    loop BLOB NOT NULL,
    recipe BLOB NOT NULL
);
"""

# What makes a take again to the bit (attempt to build), what the producer adds, and the index of words.
_VERSION_2 = """
ALTER TABLE takes ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE takes ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE takes ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN threads INTEGER NOT NULL DEFAULT 0;
ALTER TABLE takes ADD COLUMN build TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN made TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
ALTER TABLE takes ADD COLUMN tags TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE takes ADD COLUMN is_discarded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX takes_by_facets ON takes (
    id, key, tempo_bpm, bars, written, rating, is_favourite, is_discarded
);
CREATE VIRTUAL TABLE words USING fts5(
    text, tokenize = "unicode61 remove_diacritics 2 tokenchars '#%'", prefix = '1 2 3'
);
INSERT INTO words (rowid, text)
    SELECT id, name || ' ' || key || ' ' || roles || ' ' || genre || ' ' || meter FROM takes;
"""
# What a take shares with the songs of training, and the vector by which it is compared with others.
_VERSION_3 = """
CREATE TABLE originality (
    take_id INTEGER PRIMARY KEY REFERENCES takes (id) ON DELETE CASCADE,
    similarity REAL NOT NULL,
    shared INTEGER NOT NULL,
    phrases INTEGER NOT NULL,
    longest_run INTEGER NOT NULL
);
CREATE TABLE vectors (
    take_id INTEGER PRIMARY KEY REFERENCES takes (id) ON DELETE CASCADE,
    encoder TEXT NOT NULL,
    vector BLOB NOT NULL
);
"""
# Which takes were ever made the loop.
_VERSION_4 = """
ALTER TABLE takes ADD COLUMN is_used INTEGER NOT NULL DEFAULT 0;
"""
# What takes share is measured in another way: what was measured before cannot be compared with it.
_VERSION_5 = """
DELETE FROM originality;
"""
# Which bars of a part were written; of takes before it is not told.
_VERSION_6 = """
ALTER TABLE takes ADD COLUMN written_bars TEXT NOT NULL DEFAULT '';
"""
# What takes share is measured in yet another way.
_VERSION_7 = _VERSION_5
VERSIONS = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6, _VERSION_7)


def migrate(db: sqlite3.Connection) -> int:
    """Bring a library to today's schema, whole or not at all; return the version that it had.

    A library of a newer version is left as it is.
    """
    with db:
        db.execute("BEGIN IMMEDIATE")
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        for step in VERSIONS[version:]:
            for statement in step.split(";"):
                db.execute(statement)
        if version < SCHEMA_VERSION:
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return version
