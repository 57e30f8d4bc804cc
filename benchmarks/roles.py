"""How often the role of a part is told rightly, with what a file says of it and without.

    python -m benchmarks.roles --corpus FOLDER [--split valid]

FOLDER holds MIDI files and a manifest.csv with their split. The truth is the channel and the program that a file
gives; parts of roles that the producer's list lacks (organ, winds …) and songs without any program are left out. Told
are
roles with all of it, with programs hidden but names left, and with channels, programs and names hidden: notes alone;
that, too, for each part by itself, as stems come.
"""

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.errors import MidiFileError
from engine.midi import smf
from engine.midi.role_content import CONTENT_ROLES, roles_by_content
from engine.midi.roles import told_roles
from engine.midi.song import Column, Song
from engine.music.general_midi import Role, role_of_program

SETS = ("lakh_clean", "pop909", "gmd", "freedoom", "simutrans", "easyrpg_rtp")
_FEWEST_NOTES = 8


def songs(corpus: Path, split: str, most: int = 100_000) -> Iterator[Song]:
    """Yield the songs of a split that name programs, or are drums alone."""
    with (corpus / "manifest.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["split"] == split and row["set"] in SETS]
    for index in np.random.default_rng(3).permutation(len(rows))[:most].tolist():
        try:
            song = smf.read_song(corpus / rows[index]["path"])
        except MidiFileError:
            continue
        if any(track.program for track in song.tracks) or all(track.is_drums for track in song.tracks):
            yield song


def true_roles(song: Song) -> list[Role | None]:
    """Return what channel and program say of each part; None where it is not counted."""
    counts = np.bincount(song.notes[:, Column.TRACK], minlength=len(song.tracks))
    roles: list[Role | None] = []
    for track, count in zip(song.tracks, counts.tolist(), strict=True):
        role = Role.DRUMS if track.is_drums else role_of_program(track.program or 0)
        roles.append(role if role in CONTENT_ROLES and count >= _FEWEST_NOTES else None)
    return roles


def named_only(song: Song) -> Song:
    """Return a song whose parts have nothing but their names."""
    return replace(song, tracks=tuple(replace(t, role=Role.KEYS, program=None) for t in song.tracks))


def nameless(song: Song) -> Song:
    return replace(song, tracks=tuple(replace(t, role=Role.KEYS, program=None, name="") for t in song.tracks))


def parts_of(song: Song) -> Iterator[Song]:
    for index, track in enumerate(song.tracks):
        notes = song.notes[song.notes[:, Column.TRACK] == index].copy()
        notes[:, Column.TRACK] = 0
        yield replace(song, tracks=(track,), notes=notes)


class Confusion:
    """Counts of parts by true and told role."""

    def __init__(self) -> None:
        self.counts: npt.NDArray[np.int64] = np.zeros((len(CONTENT_ROLES), len(CONTENT_ROLES) + 1), np.int64)

    def add(self, true: Sequence[Role | None], told: Sequence[Role]) -> None:
        for one, other in zip(true, told, strict=True):
            if one is not None:
                column = CONTENT_ROLES.index(other) if other in CONTENT_ROLES else len(CONTENT_ROLES)
                self.counts[CONTENT_ROLES.index(one), column] += 1

    def report(self, name: str) -> dict[str, object]:
        totals = self.counts.sum(axis=1)
        right = np.diagonal(self.counts) / np.maximum(totals, 1)
        names = [role.value for role in CONTENT_ROLES]
        return {
            "told_by": name,
            "parts": int(totals.sum()),
            "all": round(float(np.diagonal(self.counts).sum() / totals.sum()), 4),
            "right": dict(zip(names, np.round(right, 4).tolist(), strict=True)),
            "counts": {row: self.counts[index].tolist() for index, row in enumerate(names)},
        }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--split", default="valid", choices=("train", "valid"))
    parser.add_argument("--most", type=int, default=100_000)
    options = parser.parse_args(arguments)
    tallies = {name: Confusion() for name in ("all", "names and notes", "notes", "notes of one part")}
    for song in songs(options.corpus, options.split, options.most):
        true = true_roles(song)
        tallies["all"].add(true, [told.role for told in told_roles(song)])
        tallies["names and notes"].add(true, [told.role for told in told_roles(named_only(song))])
        hidden = nameless(song)
        tallies["notes"].add(true, roles_by_content(hidden))
        tallies["notes of one part"].add(true, [roles_by_content(part)[0] for part in parts_of(hidden)])
    print("columns of counts:", ", ".join(role.value for role in CONTENT_ROLES), "other")
    for name, tally in tallies.items():
        print(json.dumps(tally.report(name)), flush=True)


if __name__ == "__main__":
    main()
