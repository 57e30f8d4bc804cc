"""What a part does, told from what a MIDI file says about it: its channel, its name, its program; else its notes.

Producers name their tracks and leave the program at piano; old General MIDI files do the opposite. So a
loop's reader asks the name first, a corpus's reader the program.
"""

import re
from dataclasses import dataclass

from engine.midi.role_content import roles_by_content
from engine.midi.song import Song
from engine.music.general_midi import Role, RoleSource, role_of_program

# In this order: the first role one of whose words stands in the name wins ("bass drum" is drums, "synth bass"
# is bass, "lead guitar" guitar).
_WORDS: tuple[tuple[Role, str], ...] = (
    (Role.DRUMS, r"drums?|drm|drumkit|kit|perc|percussion|beat|kick|snare|hats?|hihat|cymbals?|toms?|batterie|bateria"),
    (Role.BASS, r"bass|bas|basse|basso|bajo|sub|808|reese"),
    (Role.GUITAR, r"guitars?|gtrs?|guit|gitarre|guitare|chitarra|strat|banjo|ukulele"),
    (Role.ORGAN, r"organs?|orgel|hammond|b3|accordion|harmonica"),
    (Role.MALLETS, r"mallets?|vibes|vibraphone|marimba|xylophone|glockenspiel|glock|bells?|celesta|kalimba"),
    (Role.PAD, r"pads?"),
    (Role.STRINGS, r"strings?|str|violins?|viola|cello|orchestra|harp|pizz"),
    (Role.VOICE, r"voices?|vocals?|vox|choir|choirs|aahs?|oohs?|sing|singer|voc"),
    (Role.BRASS, r"brass|horns?|trumpets?|trombones?|tuba"),
    (Role.WINDS, r"winds?|sax|saxes|saxophone|flutes?|clarinet|oboe|bassoon|recorder|pipe"),
    (Role.LEAD, r"leads?|ld|melody|melodie|melodia|solo|pluck|arp"),
    (Role.KEYS, r"keys|keyboards?|piano|pianos|pno|klavier|rhodes|wurli|wurlitzer|ep|epiano|clav|clavinet|chords?"),
    (Role.OTHER, r"other|fx|sfx|effects?"),
)
_PATTERNS = tuple((role, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for role, words in _WORDS)


def role_of_name(name: str) -> Role | None:
    """Return the role that a track's name tells, or None when it tells nothing."""
    lowered = name.casefold().replace("_", " ")
    return next((role for role, pattern in _PATTERNS if pattern.search(lowered)), None)


def role_of_part(*, is_drums: bool, program: int | None, name: str, trust_name: bool) -> tuple[Role, RoleSource]:
    """Return what a part does, and what told so.

    Args:
        is_drums: Whether it plays on channel 10.
        program: General MIDI program 0 to 127, or None. 0 says little: it is what files that name none have.
        name: The track's name.
        trust_name: Whether the name goes before the program.
    """
    if is_drums:
        return Role.DRUMS, RoleSource.CHANNEL
    if program and not trust_name:
        return role_of_program(program), RoleSource.PROGRAM
    if named := role_of_name(name):
        return named, RoleSource.NAME
    return role_of_program(program or 0), RoleSource.PROGRAM


@dataclass(frozen=True, slots=True)
class ToldRole:
    """A part's role and what told it."""

    role: Role
    source: RoleSource


def told_roles(song: Song) -> tuple[ToldRole, ...]:
    """Return what the parts of a producer's file do: from channel 10, names, programs, else from their notes.

    A program of 0 is the piano where any part has another one; where none has, it only means that nobody chose.
    """
    has_programs = any(track.program for track in song.tracks)
    by_content: tuple[Role, ...] = ()
    told: list[ToldRole] = []
    for index, track in enumerate(song.tracks):
        if track.is_drums:
            source = RoleSource.NAME if track.role_source is RoleSource.NAME else RoleSource.CHANNEL
            told.append(ToldRole(Role.DRUMS, source))
        elif (named := role_of_name(track.name)) is not None:
            told.append(ToldRole(named, RoleSource.NAME))
        elif track.program or (has_programs and track.program == 0):
            told.append(ToldRole(role_of_program(track.program or 0), RoleSource.PROGRAM))
        else:
            by_content = by_content or roles_by_content(song)
            told.append(ToldRole(by_content[index], RoleSource.CONTENT))
    return tuple(told)
