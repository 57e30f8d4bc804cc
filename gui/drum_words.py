"""What drums are called: words to General MIDI keys, and keys back to a name. Pure."""

from engine.music.general_midi import DRUM_NAMES

_KICKS, _SNARES, _CLOSED, _OPEN = (35, 36), (38, 40), (42, 44), (46,)
_TOMS, _CRASHES, _RIDES = (41, 43, 45, 47, 48, 50), (49, 57, 52, 55), (51, 53, 59)
_HATS = (42, 44, 46)
# A family is what a producer asks for; plurals and spellings lead to the same.
DRUM_WORDS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("kick", "kicks", "bass drum", "kick drum"), _KICKS),
    **dict.fromkeys(("snare", "snares", "snare drum"), _SNARES),
    **dict.fromkeys(("hat", "hats", "hi-hat", "hi-hats", "hihat", "hihats", "hi hat", "hi hats", "hh"), _HATS),
    **dict.fromkeys(("closed hat", "closed hats", "closed hi-hat", "closed hi-hats", "closed hihat"), _CLOSED),
    **dict.fromkeys(("open hat", "open hats", "open hi-hat", "open hi-hats", "open hihat"), _OPEN),
    **dict.fromkeys(("tom", "toms", "tom-tom", "tom-toms"), _TOMS),
    **dict.fromkeys(("crash", "crashes"), _CRASHES),
    **dict.fromkeys(("ride", "rides", "ride cymbal"), _RIDES),
    **dict.fromkeys(("cymbal", "cymbals"), (*_CRASHES, *_RIDES)),
    **dict.fromkeys(("clap", "claps", "handclap", "handclaps"), (39,)),
    **dict.fromkeys(("rim", "rimshot", "rimshots", "side stick", "sidestick"), (37,)),
    **dict.fromkeys(("shaker", "shakers", "maracas", "cabasa"), (69, 70)),
    **dict.fromkeys(("tambourine", "tambourines"), (54,)),
    **dict.fromkeys(("cowbell", "cowbells"), (56,)),
    **dict.fromkeys(("conga", "congas"), (62, 63, 64)),
    **dict.fromkeys(("bongo", "bongos"), (60, 61)),
}
_FAMILIES = {
    frozenset(_HATS): "Hats",
    frozenset(_KICKS): "Kick",
    frozenset(_SNARES): "Snare",
    frozenset(_CLOSED): "Closed hat",
    frozenset(_TOMS): "Toms",
    frozenset(_CRASHES): "Crashes",
    frozenset(_RIDES): "Ride",
    frozenset((*_CRASHES, *_RIDES)): "Cymbals",
    frozenset((69, 70)): "Shaker",
    frozenset((62, 63, 64)): "Congas",
    frozenset((60, 61)): "Bongos",
}


def drums_text(keys: tuple[int, ...]) -> str:
    """Return what some drums are called: a family by its name, others one by one."""
    family = _FAMILIES.get(frozenset(keys))
    return family or ", ".join(DRUM_NAMES.get(key, f"Drum {key}") for key in keys)
