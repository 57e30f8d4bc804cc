"""What a loop is like, in a few words: chords, groove, instruments, feel."""

from engine.music.analysis import loop_chords
from engine.music.feel import FEEL_NAMES, HUMAN, nomml
from engine.music.general_midi import Role
from engine.music.loop import Loop
from engine.music.timing import PPQ

MOST_CHORDS = 4
_FOUR_TO_THE_FLOOR, _BACKBEAT = "four to the floor", "backbeat"
_KICKS, _SNARES = (35, 36), (38, 40)


def loop_tags(loop: Loop) -> tuple[str, ...]:
    """Return words that tell a loop from others, such as ("drums + bass", "Am F C G", "backbeat", "16ths")."""
    tags = [" + ".join(dict.fromkeys(track.role.value for track in loop.tracks if track.notes))]
    chords = [str(bar[0]) for bar in loop_chords(loop)] if any(not t.is_drums and t.notes for t in loop.tracks) else []
    if chords and any(chord != "N" for chord in chords):
        tags.append(" ".join(chords[:MOST_CHORDS]))
    tags += _grooves(loop)
    onsets = [note.onset for track in loop.tracks for note in track.notes]
    if onsets:
        level = nomml(onsets)
        tags.append("played by a person" if level == HUMAN else FEEL_NAMES[level])
    return tuple(tag for tag in tags if tag)


def _grooves(loop: Loop) -> list[str]:
    """Name what the drums do on the beats of four-beat bars."""
    if loop.meter.numerator != 4 or loop.meter.ticks_per_beat != PPQ:
        return []
    hits = [note for track in loop.tracks if track.role is Role.DRUMS for note in track.notes]
    kicks = {round(note.onset / PPQ) for note in hits if note.pitch in _KICKS and note.onset % PPQ in (0, PPQ - 1)}
    snares = {round(note.onset / PPQ) % 4 for note in hits if note.pitch in _SNARES}
    found: list[str] = []
    if len(kicks) >= 0.9 * 4 * loop.bars:
        found.append(_FOUR_TO_THE_FLOOR)
    if {1, 3} <= snares and 0 not in snares:
        found.append(_BACKBEAT)
    return found
