"""What a part does, told from what a MIDI file says about it: its channel, its name, its program.

Producers name their tracks and leave the program at piano; old General MIDI files do the opposite. So a
loop's reader asks the name first, a corpus's reader the program.
"""

import re

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
