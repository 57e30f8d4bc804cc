"""`generate`, run as a producer runs it: real stems in, real files out, checked with mido alone."""

import csv
import json
from pathlib import Path

import mido
import pytest

from engine.messages import Originality
from engine.midi import smf
from engine.similarity.originality import PhraseIndex
from tests.cli.conftest import DEMO, Run

DRUMS, BASS, KEYS = (DEMO / f"{part}.mid" for part in ("drums", "bass", "keys"))
STEMS = ("--stem", f"drums={DRUMS}", "--stem", f"bass={BASS}")


def channels_and_length(path: Path) -> tuple[set[int], int]:
    """Return the channels that play and the ticks of every track's end, which must be one number."""
    file = mido.MidiFile(path)
    assert file.ticks_per_beat == 480
    ends = {sum(message.time for message in track) for track in file.tracks}
    assert len(ends) == 1
    return {message.channel for track in file.tracks for message in track if message.type == "note_on"}, ends.pop()


def test_takes_are_exactly_as_long_as_asked_and_hold_only_the_new_part(generate: Run, tmp_path: Path) -> None:
    outcome = generate(*STEMS, "--part", "keys", "--bars", 4, "--takes", 3, "--seed", 7, "--key", "A minor")
    assert outcome.status == 0, outcome.err
    paths = [Path(line) for line in outcome.out.splitlines()]
    assert [path.name for path in paths] == [f"loop_keys_100bpm_Am_4bars_7-{take}.mid" for take in (1, 2, 3)]
    assert sorted(paths) == sorted((tmp_path / "out").iterdir())
    for path in paths:
        channels, length = channels_and_length(path)
        assert channels == {0}
        assert length == 4 * 4 * 480
        track = smf.read(path).loop.tracks[0]
        assert {note.pitch % 12 for note in track.notes} <= {9, 11, 0, 2, 4, 5, 7}


def test_drums_are_written_to_other_parts_on_channel_ten(generate: Run) -> None:
    outcome = generate("--stem", f"bass={BASS}", "--part", "drums", "--takes", 1, "--seed", 1)
    assert channels_and_length(Path(outcome.out.strip())) == ({9}, 7680)


def test_json_is_one_object_with_asked_and_got(generate: Run) -> None:
    outcome = generate(*STEMS, "--part", "keys:polyphony=1-2:density=4", "--takes", 2, "--seed", 5, "--json")
    record = outcome.record
    assert record["model"] == "tiny"
    assert record["provider"] == "cpu"
    assert {"seconds", "seconds_to_first_note", "notes_per_second", "load_seconds"} <= set(record)
    assert [take["take"] for take in record["takes"]] == [1, 2]
    assert sorted(take["rank"] for take in record["takes"]) == [1, 2]
    take = record["takes"][0]
    assert take["bars"] == 4
    assert take["seed"] == 5
    assert take["notes"]["keys"] >= 1
    controls = {control["name"]: control for control in take["controls"]}
    assert controls["polyphony_max"]["asked"] == 2
    assert controls["polyphony_max"]["got"] <= 2
    assert Path(take["paths"][0]).is_file()


def test_the_same_seed_writes_the_same_files(generate: Run) -> None:
    first, second = (generate("--part", "bass", "--part", "drums", "--seed", 3, "--takes", 2) for _ in range(2))
    contents = [Path(line).read_bytes() for line in first.out.splitlines()]
    assert contents == [Path(line).read_bytes() for line in second.out.splitlines()]
    assert contents[0] != contents[1]


def test_parts_go_to_files_of_their_own_when_split(generate: Run) -> None:
    arguments = ("--part", "bass", "--part", "drums", "--seed", 3, "--takes", 1)
    together = generate(*arguments)
    assert [Path(line).name for line in together.out.splitlines()] == ["loop_bass-drums_120bpm_4bars_3.mid"]
    split = generate(*arguments, "--split")
    names = [Path(line).name for line in split.out.splitlines()]
    assert names == ["loop_bass_120bpm_4bars_3.mid", "loop_drums_120bpm_4bars_3.mid"]


def test_stems_are_written_too_when_asked(generate: Run) -> None:
    outcome = generate(*STEMS, "--part", "keys", "--with-stems", "--takes", 1, "--seed", 1)
    loop = smf.read(outcome.out.strip()).loop
    assert [track.role.value for track in loop.tracks] == ["drums", "bass", "keys"]
    assert loop.tracks[0].notes == smf.read(DRUMS).loop.tracks[0].notes


def test_infill_leaves_all_other_bars_alone(generate: Run) -> None:
    outcome = generate(*STEMS, "--stem", f"keys={KEYS}", "--infill", "keys:3", "--takes", 1, "--seed", 1)
    given, got = smf.read(KEYS).loop.tracks[0], smf.read(outcome.out.strip()).loop.tracks[0]
    for start, end in ((0, 2 * 1920), (3 * 1920, 4 * 1920)):
        assert got.notes_between(start, end) == given.notes_between(start, end)
    assert got.notes != given.notes


def test_continuing_makes_the_loop_longer(generate: Run) -> None:
    outcome = generate(*STEMS, "--continue", 2, "--takes", 1, "--seed", 2, "--json")
    take = outcome.record["takes"][0]
    assert take["bars"] == 6
    assert set(take["notes"]) == {"drums", "bass"}
    bass = next(track for track in smf.read(take["paths"][0]).loop.tracks if track.role.value == "bass")
    assert bass.notes_between(0, 7680) == smf.read(BASS).loop.tracks[0].notes
    assert bass.notes_between(7680, 7680 + 3840)


def test_a_recipe_makes_the_same_takes_again(generate: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "groove.json"
    arguments = (*STEMS, "--part", "keys:range=48-72", "--seed", 4, "--takes", 2, "--temperature", "pitch=0.5")
    first = generate(*arguments, "--save-recipe", recipe, "--name", "first")
    again = generate("--recipe", recipe, "--name", "again")
    contents = [[Path(line).read_bytes() for line in outcome.out.splitlines()] for outcome in (first, again)]
    assert contents[0] == contents[1]
    assert "Night" not in recipe.read_text(encoding="utf-8")
    other = generate("--recipe", recipe, "--seed", 5, "--takes", 1, "--name", "other")
    assert Path(other.out.strip()).name == "other_keys_100bpm_4bars_5.mid"


def test_a_recipe_and_options_about_the_music_contradict(generate: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "groove.json"
    generate("--part", "bass", "--takes", 1, "--save-recipe", recipe)
    outcome = generate("--recipe", recipe, "--bars", 2)
    assert outcome.status == 2
    assert "a recipe says all about the music" in " ".join(outcome.err.split())


def test_batches_have_seeds_of_their_own_and_can_be_shared(generate: Run) -> None:
    def seeds(*arguments: object) -> list[int]:
        outcome = generate("--part", "bass", "--bars", 1, "--takes", 1, "--seed", 10, "--json", *arguments)
        return [take["seed"] for take in outcome.record["takes"]]

    assert seeds("--batches", 3) == [10, 11, 12]
    assert seeds("--batches", 3, "--rank", "0/2") == [10, 12]
    assert seeds("--batches", 3, "--rank", "1/2") == [11]


def test_the_table_has_a_line_a_part(generate: Run, tmp_path: Path) -> None:
    table = tmp_path / "tables" / "takes.csv"
    generate("--part", "bass:density=6", "--part", "drums", "--takes", 2, "--seed", 1, "--csv", table)
    with table.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [(line["take"], line["part"]) for line in lines] == [
        ("1", "bass"),
        ("1", "drums"),
        ("2", "bass"),
        ("2", "drums"),
    ]
    assert lines[0]["density_asked"] == "6.0"
    assert lines[1]["density_asked"] == ""
    assert all(int(line["notes"]) >= 1 for line in lines)


def test_the_other_options_reach_the_request(generate: Run, tmp_path: Path) -> None:
    recipe = tmp_path / "all.json"
    outcome = generate(
        *("--part", "lead:rhythm=x..x..", "--bars", 2, "--meter", "6/8", "--tempo", 98.5, "--chords", "Dm|Bb"),
        *("--genre", "rock", "--ending", "--loop-length", 2, "--loop-count", 1, "--order", "bars", "--lock-chords"),
        *("--top-p", 0.9, "--top-k", 20, "--min-p", 0.01, "--repetition-penalty", 1.1, "--takes", 1, "--seed", 8),
        *("--max-attempts", 2, "--save-recipe", recipe, "--programs", "--provider", "cpu"),
    )
    assert outcome.status == 0, outcome.err
    assert Path(outcome.out.strip()).name == "loop_lead_98.5bpm_2bars_8.mid"
    request = json.loads(recipe.read_text(encoding="utf-8"))["request"]
    assert request["canvas"]["meter"] == "6/8"
    assert request["canvas"]["chords"] == [["Dm"], ["A#"]]
    assert (request["genre"], request["loopable"], request["order"]) == ("rock", False, "bars")
    assert request["chords_locked"] is True
    assert request["max_attempts"] == 2
    assert request["sampling"]["default"] == {"temperature": 0.95, "min_p": 0.01, "top_p": 0.9, "top_k": 20}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--part", "kazoo"), "is no role"),
        (("--part", "keys:colour=blue"), "fields are density"),
        ((), "nothing is to be written"),
        (("--part", "keys", "--bars", 17), "less than or equal to 16"),
        (("--part", "keys", "--meter", "4"), "is not a meter"),
        (("--part", "keys", "--key", "H"), "is not a key"),
        (("--part", "keys", "--chords", "Am||F"), "empty bar"),
        (("--part", "keys", "--rank", "2/2"), "is no rank"),
        (("--part", "keys", "--nonsense"), "No such option"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(generate: Run, arguments: tuple[str, ...], complaint: str) -> None:
    outcome = generate(*arguments)
    assert outcome.status == 2
    assert outcome.out == ""
    assert complaint in " ".join(outcome.err.split())


def test_takes_too_like_a_known_song_are_counted_and_written_only_if_asked(
    generate: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copied = Originality(0.8, 30.0, 40, 57)
    monkeypatch.setattr(PhraseIndex, "originality", lambda *_: copied)
    asked = ("--part", "keys", "--bars", 1, "--takes", 2, "--seed", 3)
    outcome = generate(*asked)
    assert (outcome.status, outcome.out) == (0, "")
    assert "2 more too like a known song, not written" in " ".join(outcome.err.split())
    assert not (tmp_path / "out").exists()
    assert len(generate(*asked, "--allow-likeness").out.splitlines()) == 2


def test_what_cannot_be_done_is_one_line(generate: Run, tmp_path: Path) -> None:
    (tmp_path / "noise.mid").write_bytes(b"no midi at all")
    failures = [
        generate("--stem", f"bass={tmp_path / 'none.mid'}", "--part", "keys"),
        generate("--stem", f"bass={tmp_path / 'noise.mid'}", "--part", "keys"),
        generate("--part", "keys", "--model", "no such model"),
        generate("--part", "bass:range=13-13", "--key", "C"),
        generate("--recipe", tmp_path / "none.json"),
    ]
    for outcome, named in zip(failures, ("none.mid", "noise.mid", "no such model", "bass", "none.json"), strict=True):
        assert outcome.status == 1
        assert outcome.out == ""
        lines = outcome.err.strip().splitlines()
        assert len(lines) == 1
        assert lines[0].startswith("error: ")
        assert named in lines[0].casefold()
