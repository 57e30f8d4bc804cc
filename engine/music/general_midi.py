"""Programs, families, roles and the drum map: one table each.

A *role* is what a part does in the music; a *program* is the General MIDI sound it is played with.
Roles are told from programs here; from names and content in `engine.midi`.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a part does. The order is fixed: it is the order of parts in files and of model ids."""

    DRUMS = "drums"
    BASS = "bass"
    KEYS = "keys"
    ORGAN = "organ"
    MALLETS = "mallets"
    GUITAR = "guitar"
    STRINGS = "strings"
    VOICE = "voice"
    BRASS = "brass"
    WINDS = "winds"
    LEAD = "lead"
    PAD = "pad"
    OTHER = "other"


class RoleSource(StrEnum):
    """What told a part's role."""

    CHANNEL = "channel 10"
    PROGRAM = "program"
    NAME = "name"
    CONTENT = "notes"


ROLES: tuple[Role, ...] = tuple(Role)
DRUM_CHANNEL = 9  # index; shown as channel 10

# (first program of the run, role), in program order; each run ends where the next begins.
_ROLE_RUNS: tuple[tuple[int, Role], ...] = (
    (0, Role.KEYS),
    (8, Role.MALLETS),
    (16, Role.ORGAN),
    (24, Role.GUITAR),
    (32, Role.BASS),
    (40, Role.STRINGS),
    (52, Role.VOICE),
    (55, Role.OTHER),
    (56, Role.BRASS),
    (64, Role.WINDS),
    (80, Role.LEAD),
    (88, Role.PAD),
    (96, Role.OTHER),
)

DEFAULT_PROGRAMS: dict[Role, int] = {
    Role.DRUMS: 0,
    Role.BASS: 33,
    Role.KEYS: 4,
    Role.ORGAN: 16,
    Role.MALLETS: 11,
    Role.GUITAR: 27,
    Role.STRINGS: 48,
    Role.VOICE: 52,
    Role.BRASS: 61,
    Role.WINDS: 65,
    Role.LEAD: 81,
    Role.PAD: 89,
    Role.OTHER: 98,
}

# The pitch range in which a part of this role is usually written: lowest, highest.
USUAL_RANGES: dict[Role, tuple[int, int]] = {
    Role.DRUMS: (35, 81),
    Role.BASS: (23, 60),
    Role.KEYS: (36, 96),
    Role.ORGAN: (36, 96),
    Role.MALLETS: (48, 100),
    Role.GUITAR: (36, 88),
    Role.STRINGS: (33, 98),
    Role.VOICE: (43, 88),
    Role.BRASS: (36, 86),
    Role.WINDS: (43, 98),
    Role.LEAD: (45, 100),
    Role.PAD: (33, 98),
    Role.OTHER: (24, 108),
}

DRUM_NAMES: dict[int, str] = {
    35: "Kick 2",
    36: "Kick",
    37: "Side stick",
    38: "Snare",
    39: "Clap",
    40: "Snare 2",
    41: "Low floor tom",
    42: "Closed hat",
    43: "Floor tom",
    44: "Pedal hat",
    45: "Low tom",
    46: "Open hat",
    47: "Low-mid tom",
    48: "Hi-mid tom",
    49: "Crash",
    50: "High tom",
    51: "Ride",
    52: "China",
    53: "Ride bell",
    54: "Tambourine",
    55: "Splash",
    56: "Cowbell",
    57: "Crash 2",
    58: "Vibraslap",
    59: "Ride 2",
    60: "High bongo",
    61: "Low bongo",
    62: "Mute conga",
    63: "Open conga",
    64: "Low conga",
    65: "High timbale",
    66: "Low timbale",
    67: "High agogo",
    68: "Low agogo",
    69: "Cabasa",
    70: "Maracas",
    71: "Short whistle",
    72: "Long whistle",
    73: "Short guiro",
    74: "Long guiro",
    75: "Claves",
    76: "High block",
    77: "Low block",
    78: "Mute cuica",
    79: "Open cuica",
    80: "Mute triangle",
    81: "Open triangle",
}


def role_of_program(program: int) -> Role:
    """Return the role that a General MIDI program (0 to 127) usually plays."""
    role = Role.OTHER
    for first, run_role in _ROLE_RUNS:
        if program < first:
            break
        role = run_role
    return role
