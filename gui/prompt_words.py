"""Words to knobs: what a producer types is turned into settings that can be seen, never into anything hidden. Pure.

"busy funky drums, low simple bass, 92 bpm in D dorian, 8 bars" sets density and genre, register, tempo, key and length.
Adjectives belong to the parts named in the same clause; without one they hold for the parts that will be written.
Words that mean nothing here are handed back, so that they can be said.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from engine.messages import Sampling
from engine.music.general_midi import Role
from engine.music.harmony import Chord, Key
from engine.music.loop import MAX_BARS, Loop
from engine.music.timing import MAX_TEMPO_BPM, MIN_TEMPO_BPM, Meter
from engine.representation.controls import GENRES, TRACK_CONTROLS, density_of_bin
from gui.drum_words import DRUM_WORDS, drums_text
from gui.loop_edits import with_shape
from gui.session import LoopWishes

# One adjective: the control, and its value (of density: a bin, relative to what the role usually plays).
ADJECTIVES: dict[str, tuple[str, float]] = {
    "barest": ("density", 0), "bare": ("density", 1), "minimal": ("density", 1), "sparse": ("density", 2),
    "simple": ("density", 3), "light": ("density", 3), "busy": ("density", 6), "busier": ("density", 6),
    "dense": ("density", 7), "full": ("density", 7), "frantic": ("density", 9), "sparser": ("density", 2),
    "soft": ("mean_velocity", 58), "quiet": ("mean_velocity", 50), "gentle": ("mean_velocity", 64),
    "loud": ("mean_velocity", 112), "hard": ("mean_velocity", 115), "punchy": ("mean_velocity", 110),
    "dynamic": ("velocity_spread", 22), "even": ("velocity_spread", 3),
    "staccato": ("duration_class", 5), "short": ("duration_class", 4), "plucky": ("duration_class", 4),
    "long": ("duration_class", 1), "sustained": ("duration_class", 0), "legato": ("duration_class", 2),
    "repetitive": ("repetition", 0.95), "hypnotic": ("repetition", 1.0), "steady": ("repetition", 0.85),
    "varied": ("repetition", 0.2), "changing": ("repetition", 0.15), "wandering": ("repetition", 0.1),
    "straight": ("feel", 4), "tight": ("feel", 4), "human": ("feel", 12), "loose": ("feel", 12),
    "triplet": ("feel", 5), "triplets": ("feel", 5), "shuffle": ("feel", 5), "shuffled": ("feel", 5),
    "swung": ("feel", 5), "8ths": ("feel", 2), "eighths": ("feel", 2), "16ths": ("feel", 4), "sixteenths": ("feel", 4),
    "8th": ("feel", 2), "eighth": ("feel", 2), "16th": ("feel", 4), "sixteenth": ("feel", 4), "32nd": ("feel", 6),
    "32nds": ("feel", 6),
    "monophonic": ("polyphony_max", 1), "mono": ("polyphony_max", 1), "solo": ("polyphony_max", 1),
    "polyphonic": ("polyphony_min", 2), "chordal": ("polyphony_min", 3),
}  # fmt: skip
# Where a register lies depends on the part.
LOW, HIGH = ("low", "deep", "dark", "lower"), ("high", "bright", "higher", "airy")
_USUAL_MIDDLE = {Role.BASS: 40, Role.LEAD: 72, Role.KEYS: 62, Role.PAD: 62, Role.STRINGS: 65}
_REGISTER_STEP = 12
ROLE_WORDS: dict[str, Role] = {
    **{role.value: role for role in Role}, "drum": Role.DRUMS, "beat": Role.DRUMS, "percussion": Role.DRUMS,
    "bassline": Role.BASS, "piano": Role.KEYS, "keyboard": Role.KEYS, "epiano": Role.KEYS, "rhodes": Role.KEYS,
    "chords": Role.KEYS, "guitars": Role.GUITAR, "melody": Role.LEAD, "synth": Role.LEAD, "pads": Role.PAD,
    "string": Role.STRINGS, "horns": Role.BRASS, "trumpet": Role.BRASS, "flute": Role.WINDS, "sax": Role.WINDS,
    "choir": Role.VOICE, "vocal": Role.VOICE, "vibes": Role.MALLETS, "marimba": Role.MALLETS,
}  # fmt: skip
GENRE_WORDS: dict[str, str] = {
    "rock": "rock", "pop": "pop", "italian pop": "italian pop", "funk": "funk & soul", "funky": "funk & soul",
    "soul": "funk & soul", "soulful": "funk & soul", "electronic": "electronic", "techno": "electronic",
    "house": "electronic", "edm": "electronic", "trance": "electronic", "oldies": "oldies", "schlager": "schlager",
    "jazz": "jazz & blues", "jazzy": "jazz & blues", "blues": "jazz & blues", "bluesy": "jazz & blues",
    "metal": "metal & punk", "punk": "metal & punk", "country": "country & folk", "folk": "country & folk",
    "latin": "latin & reggae", "reggae": "latin & reggae", "salsa": "latin & reggae", "hip-hop": "hip-hop",
    "hiphop": "hip-hop", "rap": "hip-hop", "boom-bap": "hip-hop", "trap": "hip-hop", "game": "game", "chiptune": "game",
}  # fmt: skip
TEMPERATURES = {"safe": 0.75, "tame": 0.75, "usual": 0.95, "wild": 1.25, "crazy": 1.4, "experimental": 1.3}
FITTED = ("for", "over", "against", "under", "these", "this", "my")
_FILLERS = frozenset({
    "a", "an", "the", "and", "with", "in", "at", "of", "on", "to", "some", "very", "more", "less", "please",
    "make", "me", "it", "play", "plays", "playing", "loop", "loops", "take", "takes", "bar", "bars", "bpm", "key",
    "tempo", "style", "feel", "part", "parts", "that", "is", "are", "but",
})  # fmt: skip
_KEY = re.compile(
    r"\b(?:in|key of)?\s*([A-G][#b♯♭]?)\s*"
    r"(harmonic minor|melodic minor|major pentatonic|minor pentatonic|major|minor|dorian|mixolydian|phrygian|lydian|"
    r"blues|min|maj|m)\b"
)
_PATTERNS = {
    "tempo": re.compile(r"\b(\d{2,3}(?:\.\d+)?)\s*bpm\b|\bat (\d{2,3})\b", re.I),
    "bars": re.compile(r"\b(\d{1,2})\s*bars?\b", re.I),
    "takes": re.compile(r"\b(\d{1,2})\s*takes?\b", re.I),
    "meter": re.compile(r"\b(\d{1,2}/(?:2|4|8|16))\b"),
}
_PROGRESSION = re.compile(r"\bchords?:?\s+((?:[A-G][#b]?(?:maj7|min7|m7|dim|aug|sus|m|7)?[\s|,–-]*){2,})")


@dataclass(slots=True)
class Understood:
    """What words set.

    Attributes:
        said: For people, such as "drums: density (busy)".
        unknown: Words that mean nothing here.
        roles: Parts that were named, but for those behind "for" or "over", which are there to be fitted.
        drums: Drums that were named: only these are written, unless the whole kit is named, too.
        controls: (role or None for those to be written, control, value).
        loop_edits, wish_edits: What happens to the loop and to the wishes for it.
    """

    said: list[str] = field(default_factory=list[str])
    unknown: list[str] = field(default_factory=list[str])
    roles: list[Role] = field(default_factory=list[Role])
    drums: list[int] = field(default_factory=list[int])
    controls: list[tuple[Role | None, str, float]] = field(default_factory=list)
    loop_edits: list[Callable[[Loop], Loop]] = field(default_factory=list)
    wish_edits: list[Callable[[LoopWishes], LoopWishes]] = field(default_factory=list)


def understood(text: str) -> Understood:
    """Return what a text sets."""
    told = Understood()
    text = _take_music(text, told)
    for clause in re.split(r"[,;.\n]|\bthen\b", text):
        _take_clause(clause, told)
    if told.drums and Role.DRUMS in told.roles:
        told.drums.clear()  # "drums with 16th hats" is the whole kit
    elif told.drums:
        told.roles.append(Role.DRUMS)
        told.said.append(f"drums: only {drums_text(tuple(told.drums)).lower()}")
    return told


def _take_music(text: str, told: Understood) -> str:
    """Take key, chords, tempo, bars, meter and takes out of a text; return the rest."""
    if (match := _PROGRESSION.search(text)) is not None:
        words = re.split(r"[\s|,–-]+", match[1].strip(" |,–-"))
        chords = tuple((Chord.parse(word),) for word in words)
        told.loop_edits.append(
            lambda loop: replace(loop, chords=tuple(chords[b % len(chords)] for b in range(loop.bars)))
        )
        told.said.append(f"chords {' '.join(words)}")
        text = text.replace(match[0], " ")
    if (match := _KEY.search(text)) is not None:
        key = Key.parse(f"{match[1]} {match[2]}" if match[2] != "m" else f"{match[1]}m")
        told.loop_edits.append(lambda loop: replace(loop, key=key))
        told.said.append(f"key {key}")
        text = text.replace(match[0], " ")
    for name, pattern in _PATTERNS.items():
        if (match := pattern.search(text)) is not None and _take_number(name, match[1] or match[2], told):
            text = text.replace(match[0], " ")
    return text


def _take_number(name: str, value: str, told: Understood) -> bool:
    if name == "tempo" and MIN_TEMPO_BPM <= float(value) <= MAX_TEMPO_BPM:
        told.loop_edits.append(lambda loop: replace(loop, tempo_bpm=float(value)))
    elif name == "bars" and 1 <= int(value) <= MAX_BARS:
        told.loop_edits.append(lambda loop: with_shape(loop, bars=int(value)))
    elif name == "takes" and 1 <= int(value) <= 16:
        told.wish_edits.append(lambda wishes: replace(wishes, takes=int(value)))
    elif name == "meter":
        try:
            meter = Meter.parse(value)
        except ValueError:
            return False
        told.loop_edits.append(lambda loop: with_shape(loop, meter=meter))
    else:
        return False
    told.said.append(f"{name} {value}")
    return True


def _take_clause(clause: str, told: Understood) -> None:
    """Take parts and adjectives out of a clause: "busy drums and low bass" is two parts with one each."""
    words = re.findall(r"[\w#&'-]+", clause.lower())
    pending: list[str] = []  # adjectives since the last part
    last: Role | None = None
    is_fitted = False  # behind "for" come the parts that are there
    index = 0
    while index < len(words):
        pair = " ".join(words[index : index + 2])
        word = pair if pair in GENRE_WORDS or pair in DRUM_WORDS else words[index]
        index += 2 if word == pair and " " in word else 1
        if word in FITTED:
            is_fitted = True
        elif word in ROLE_WORDS:
            last = ROLE_WORDS[word]
            if last not in told.roles and not is_fitted:
                told.roles.append(last)
            _settle(pending, last, told)
            pending = []
        elif word in DRUM_WORDS:
            last = Role.DRUMS
            told.drums += [key for key in DRUM_WORDS[word] if key not in told.drums and not is_fitted]
            _settle(pending, last, told)
            pending = []
        elif word in ADJECTIVES or word in LOW or word in HIGH:
            pending.append(word)
        elif word in GENRE_WORDS:
            _set_genre(GENRE_WORDS[word], told)
        elif word in TEMPERATURES:
            _set_temperature(word, told)
        elif word not in _FILLERS:
            told.unknown.append(word)
    _settle(pending, last, told)  # behind the part: "drums, busy" or "drums busy and loud"


def _settle(pending: list[str], role: Role | None, told: Understood) -> None:
    for word in pending:
        if word in LOW or word in HIGH:
            middle = _USUAL_MIDDLE.get(role, 60) if role is not None else 60
            name, value = "mean_pitch", float(middle + (_REGISTER_STEP if word in HIGH else -_REGISTER_STEP))
        else:
            name, value = ADJECTIVES[word]
        if role is Role.DRUMS and not TRACK_CONTROLS[name].for_drums:
            told.unknown.append(f"{word} (of drums)")
            continue
        told.controls.append((role, name, value))
        part = role.value if role is not None else "what is written"
        told.said.append(f"{part}: {TRACK_CONTROLS[name].label.lower()} ({word})")


def _set_genre(genre: str, told: Understood) -> None:
    if genre in GENRES:
        told.wish_edits.append(lambda wishes: replace(wishes, genre=genre))
        told.said.append(f"genre {genre}")


def _set_temperature(word: str, told: Understood) -> None:
    value = TEMPERATURES[word]

    def change(wishes: LoopWishes) -> LoopWishes:
        sampling: Sampling = wishes.sampling
        return replace(wishes, sampling=replace(sampling, default=replace(sampling.default, temperature=value)))

    told.wish_edits.append(change)
    told.said.append(f"temperature {value:g} ({word})")


def control_value(name: str, value: float, role: Role) -> float:
    """Return a control's value for a role: of density, which is told in bins, the notes a bar."""
    return round(density_of_bin(int(value), role), 1) if name == "density" else value
