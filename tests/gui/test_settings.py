"""Settings come back as they were; what cannot be used is told and replaced."""

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from engine.messages import FieldSampling, Keep, PartUse, Sampling
from engine.music.part_groove import PartGroove
from gui.piano_roll.quantise import Quantise
from gui.piano_roll.transform import Fold, Snap
from gui.session import LoopWishes, PartSettings
from gui.session_file import parts_of_plain, plain_of_session, quantise_of_plain, read_session, wishes_of_plain
from gui.settings import Settings, read_settings, write_json, write_settings
from gui.theme import ThemeName


def test_settings_come_back_with_keys_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    settings = replace(Settings(), theme=ThemeName.CONTRAST, scale_percent=150, folder="/music")
    write_settings(path, settings, {"from_the_future": [1]})
    read, told, unknown = read_settings(path)
    assert (read, told) == (settings, ())
    assert unknown["from_the_future"] == [1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("scale_percent", 500), ("scale_percent", "large"), ("theme", "Pink"), ("has_tempo", 1), ("folder", None)],
)
def test_a_bad_value_is_told_and_the_default_holds(tmp_path: Path, name: str, value: object) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({name: value, "middle_c_octave": 5}), encoding="utf-8")
    settings, told, _ = read_settings(path)
    assert settings == replace(Settings(), middle_c_octave=5)
    assert len(told) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_a_damaged_file_gives_the_defaults(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    assert read_settings(path)[0] == Settings()


def test_every_setting_has_a_title() -> None:
    assert all(each.metadata["title"] for each in fields(Settings))


def test_a_session_comes_back_as_it_was(tmp_path: Path) -> None:
    parts = (
        PartSettings(
            PartUse.REPLACE,
            True,
            False,
            0.5,
            (("density", 3.5),),
            "x..x",
            (2.5, None),
            Keep.RHYTHM,
            locked=frozenset({(0, 60)}),
            drums=(36, 38),
            groove=PartGroove(62, True, -8, 35),
        ),
        PartSettings(),
    )
    sampling = Sampling(FieldSampling(temperature=1.3, top_k=7), (("pitch", FieldSampling(0.5)),), 1.2)
    wishes = LoopWishes(genre="pop", seed=9, sampling=sampling, loop_length=2)
    how = Quantise(Snap.SIXTEENTH_TRIPLET, 80, 58, moves_ends=True)
    plain = plain_of_session(parts, wishes, front=1, snap=Snap.EIGHTH_TRIPLET, fold=Fold.USED, quantise=how)
    write_json(tmp_path / "session.json", plain)
    read = read_session(tmp_path / "session.json")
    assert parts_of_plain(read) == parts
    assert wishes_of_plain(read) == wishes
    assert quantise_of_plain(read) == how
    assert (read["front"], Snap[read["snap"]], Fold[read["fold"]]) == (1, Snap.EIGHTH_TRIPLET, Fold.USED)


def test_a_session_of_the_first_version_is_read() -> None:
    sampling = {"temperature": 1.3, "min_p": 0.02, "top_p": 1.0, "top_k": 7}
    wishes = wishes_of_plain({"schema_version": 1, "wishes": {"seed": 9, "sampling": sampling}})
    assert wishes == LoopWishes(seed=9, sampling=Sampling(FieldSampling(temperature=1.3, top_k=7)))


@pytest.mark.parametrize(
    "damaged", [{}, {"parts": 3, "wishes": 4}, {"parts": [{"use": "eat"}], "wishes": {"seed": []}}]
)
def test_a_damaged_session_is_refused_not_followed(damaged: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"damaged|PartUse"):
        parts_of_plain(damaged)
