"""Random requests over everything that can be asked at once, and what every take of them has to keep.

`draw_request` is seeded: a number names a request for ever. `check_guarantees` is written from the promises alone
and shares no code with the masks that keep them.
"""

from collections import Counter

import numpy as np

from engine.errors import RequestError
from engine.inference.take_plan import plan_take
from engine.messages import GenerationRequest, Keep, PartRequest, PartUse, Take, WriteOrder
from engine.music.general_midi import DRUM_NAMES, ROLES, USUAL_RANGES, Role
from engine.music.harmony import Chord, ChordQuality, Key, Mode
from engine.music.loop import Loop, Note, Track, without_overlaps
from engine.music.timing import Meter
from engine.representation.controls import GENRES, TRACK_CONTROLS

METERS = ("4/4", "4/4", "4/4", "3/4", "2/4", "6/8", "12/8", "5/4", "7/8", "9/8", "3/16", "4/2")
BARS = (1, 2, 2, 3, 4, 4, 4, 5, 8, 16)
STEP = 20  # ticks


def draw_request(seed: int) -> GenerationRequest:
    """Return the request of a number, one that can be met."""
    for attempt in range(100):
        request = _draw(np.random.default_rng((seed, attempt)), seed)
        try:
            plan_take(request, 0)
        except RequestError:
            continue
        return request
    raise AssertionError(f"seed {seed} draws nothing but impossible requests")


def check_guarantees(request: GenerationRequest, take: Take) -> list[str]:
    """Return every promise that a take does not keep."""
    canvas, loop = request.canvas, take.loop
    broken = [
        name
        for name in ("meter", "tempo_bpm", "bars", "key", "chords", "length")
        if getattr(canvas, name) != getattr(loop, name)
    ]
    if [t.role for t in canvas.tracks] != [t.role for t in loop.tracks]:
        return [*broken, "parts"]
    for part, wanted in enumerate(request.parts):
        if wanted.use is PartUse.REPLACE:
            broken += [f"part {part}: {what}" for what in _PartCheck(request, take, part).broken()]
        elif canvas.tracks[part] != loop.tracks[part]:
            broken.append(f"part {part} was not to be touched")
    return broken


# -- promises ------------------------------------------------------------------------------------------------


class _PartCheck:
    def __init__(self, request: GenerationRequest, take: Take, part: int) -> None:
        self.request, self.take, self.wanted = request, take, request.parts[part]
        self.canvas = request.canvas
        self.steps = self.canvas.meter.ticks_per_bar // STEP
        self.bars = set(request.bars_of(part))
        old, self.got = self.canvas.tracks[part], take.loop.tracks[part]
        self.is_drums = old.is_drums
        self.outside = [note for note in old.notes if self.bar(note) not in self.bars]
        self.inside = [note for note in old.notes if self.bar(note) in self.bars]
        self.locked = [old.notes[index] for index in self.wanted.locked]
        self.open = list((Counter(self.inside) - Counter(self.locked)).elements())
        may_stay = Counter({*self.outside, *self.locked})
        if request.remix_percent < 100 and self.wanted.keep is not Keep.PITCHES:
            may_stay |= Counter(old.notes)
        self.new = sorted((Counter(self.got.notes) - may_stay).elements())

    def step(self, note: Note) -> int:
        return min((note.onset + STEP // 2) // STEP, self.canvas.length // STEP - 1)

    def bar(self, note: Note) -> int:
        return self.step(note) // self.steps

    def broken(self) -> list[str]:
        checks = {
            "a given note was changed": not Counter({*self.outside, *self.locked}) - Counter(self.got.notes),
            "a note outside the bars": all(self.bar(note) in self.bars for note in self.new),
            "no note": self._sounds(),
            "remix": self._remix_holds(),
            "pitch": all(map(self._pitch_is_legal, self.new)) or self.wanted.keep is Keep.PITCHES,
            "onset": all(map(self._onset_is_legal, self.new)) or self.wanted.keep is Keep.RHYTHM,
            "feel": all(map(self._feel_holds, self.new)) or self.wanted.keep is Keep.RHYTHM,
            "voices": self._voices_hold(),
            "kept rhythm": bool(self.take.relaxed) or self._rhythm_stays(),
            "kept pitches": bool(self.take.relaxed) or self._pitches_stay(),
        }
        return [name for name, holds in checks.items() if not holds]

    def _sounds(self) -> bool:
        return any(self.bar(note) in self.bars for note in self.got.notes) or bool(self.take.relaxed)

    def _remix_holds(self) -> bool:
        if self.wanted.keep is Keep.PITCHES:
            return True
        stays = (Counter(self.open) & Counter(self.got.notes)).total()
        is_same = Counter(self.got.notes) == Counter([*self.outside, *self.inside])
        return stays >= round(len(self.open) * (1 - self.request.remix_percent / 100)) and (
            self.request.remix_percent > 0 or is_same or not self.inside
        )

    def _pitch_is_legal(self, note: Note) -> bool:
        if self.is_drums:
            return note.pitch in DRUM_NAMES
        low, high = self.wanted.control("lowest_pitch"), self.wanted.control("highest_pitch")
        in_range = (0 if low is None else low) <= note.pitch <= (127 if high is None else high)
        key = self.canvas.key
        in_key = not self.request.key_locked or (key is not None and note.pitch % 12 in key.pitch_classes)
        return in_range and in_key and (not self.request.chords_locked or self._fits_chord(note))

    def _fits_chord(self, note: Note) -> bool:
        position = self.step(note) % self.steps
        half = 0 if position < self.steps // 2 else 1
        chords = self.canvas.chords[self.bar(note)]
        chord = chords[(0, len(chords) // 2)[half]]
        if chord.root is None:
            return True
        is_bass = self.got.role is Role.BASS
        if not is_bass and position % (self.canvas.meter.ticks_per_beat // STEP):
            return True
        tones = {chord.root} if is_bass else set(chord.pitch_classes)
        low, high = self.wanted.control("lowest_pitch"), self.wanted.control("highest_pitch")
        reachable = [
            p
            for p in range(round(low or 0), round(127 if high is None else high) + 1)
            if p % 12 in tones
            and (not self.request.key_locked or self.canvas.key is None or p % 12 in self.canvas.key.pitch_classes)
        ]
        return note.pitch % 12 in tones or not reachable

    def _onset_is_legal(self, note: Note) -> bool:
        if not self.wanted.rhythm:
            return True
        patterns = self.wanted.rhythm.split("|")
        pattern = patterns[self.bar(note) % len(patterns)]
        mark, rest = divmod((self.step(note) % self.steps) * len(pattern), self.steps)
        return rest == 0 and pattern[mark] == "x"

    def _feel_holds(self, note: Note) -> bool:
        feel = self.wanted.control("feel")
        if feel is None or feel == 12:
            return True
        i, is_triplet = divmod(int(feel), 2)
        unit = 960 // (3 * 2**i) if is_triplet else 480 // 2**i
        return note.onset % unit == 0

    def _voices_hold(self) -> bool:
        limit = self.wanted.control("polyphony_max")
        if limit is None or self.is_drums:
            return True
        new = Counter(self.new)
        points = {note.onset for note in self.got.notes}
        for point in points:
            sounding = [note for note in self.got.notes if note.onset <= point < note.end]
            if len(sounding) > limit and any(new[note] for note in sounding):
                return False
        return True

    def _places(self, notes: list[Note]) -> set[tuple[int, int]]:
        return {(self.step(note), note.pitch) for note in notes}

    def _rhythm_stays(self) -> bool:
        if self.wanted.keep is not Keep.RHYTHM or not self.inside:
            return True
        got = [note for note in self.got.notes if self.bar(note) in self.bars]
        return sorted(s for s, _ in self._places(self.inside)) == sorted(s for s, _ in self._places(got))

    def _pitches_stay(self) -> bool:
        if self.wanted.keep is not Keep.PITCHES:
            return True
        got = [note for note in self.got.notes if self.bar(note) in self.bars]

        def queue(notes: list[Note]) -> list[tuple[int, int]]:
            return [(step // self.steps, pitch) for step, pitch in sorted(self._places(notes))]

        return queue(self.inside) == queue(got) or not self.inside


# -- drawing -------------------------------------------------------------------------------------------------


def _draw(rng: np.random.Generator, seed: int) -> GenerationRequest:
    meter = Meter.parse(str(rng.choice(METERS)))
    bars = int(rng.choice(BARS))
    key = Key(int(rng.integers(12)), list(Mode)[rng.integers(len(Mode))]) if rng.random() < 0.6 else None
    chords = _chords(rng, bars) if rng.random() < 0.4 else ()
    parts = int(rng.choice((1, 2, 2, 3, 3, 4, 5, 8)))
    tracks = tuple(_track(rng, meter, bars) for _ in range(parts))
    canvas = Loop(meter, float(rng.integers(60, 180)), bars, tracks, key, chords)
    wanted = [_part(rng, track, canvas) for track in tracks]
    if not any(part.use is PartUse.REPLACE for part in wanted):
        wanted[0] = PartRequest(PartUse.REPLACE)
    return GenerationRequest(
        canvas=canvas,
        parts=tuple(wanted),
        genre=str(rng.choice(GENRES)) if rng.random() < 0.3 else None,
        key_locked=key is not None and rng.random() < 0.6,
        chords_locked=bool(chords) and rng.random() < 0.5,
        loopable=(None, True, False)[rng.integers(3)],
        loop_length=(None, None, 2)[rng.integers(3)],
        remix_percent=float(rng.choice((100, 100, 100, 0, 30, 60))),
        order=WriteOrder.BARS if rng.random() < 0.4 else WriteOrder.PARTS,
        seed=seed,
        takes=int(rng.choice((1, 1, 2, 4))),
        max_attempts=int(rng.choice((1, 3))),
    )


def _chords(rng: np.random.Generator, bars: int) -> tuple[tuple[Chord, ...], ...]:
    qualities = list(ChordQuality)

    def chord() -> Chord:
        return Chord(int(rng.integers(12)) if rng.random() < 0.9 else None, qualities[rng.integers(len(qualities))])

    return tuple(tuple(chord() for _ in range(rng.integers(1, 3))) for _ in range(bars))


def _track(rng: np.random.Generator, meter: Meter, bars: int) -> Track:
    role = (
        ROLES[rng.integers(len(ROLES))] if rng.random() < 0.6 else (Role.DRUMS, Role.BASS, Role.KEYS)[rng.integers(3)]
    )
    length = bars * meter.ticks_per_bar
    program = int(rng.integers(128)) if rng.random() < 0.5 else None
    if rng.random() < 0.25:
        return Track(role, (), program)
    unit = int(rng.choice((480, 240, 120, 160, 20, 1)))
    low, high = USUAL_RANGES[role]
    notes: list[Note] = []
    for _ in range(int(rng.integers(1, 1 + min(8 * bars, 48)))):
        onset = min(
            int(rng.integers(length)) // unit * unit + int(rng.integers(-9, 10) if rng.random() < 0.3 else 0),
            length - 1,
        )
        onset = max(onset, 0)
        duration = int(rng.choice((30, 120, 240, 480, 1920, 5000)))
        for pitch in rng.integers(low, high + 1, int(rng.choice((1, 1, 1, 3)))).tolist():
            notes.append(Note(onset, pitch, min(duration, length - onset), int(rng.integers(1, 128))))
    return Track(role, without_overlaps(notes), program)


def _part(rng: np.random.Generator, track: Track, canvas: Loop) -> PartRequest:
    bars = _some_bars(rng, canvas.bars) if rng.random() < 0.4 else ()
    use = rng.random()
    if use < 0.15:
        return PartRequest(PartUse.IGNORE)
    if use < 0.4:
        return PartRequest(PartUse.CONTEXT, bars)
    keep = Keep.NOTHING if rng.random() < 0.6 else (Keep.RHYTHM, Keep.PITCHES)[rng.integers(2)]
    count = len(track.notes)
    locks = (
        rng.choice(count, int(rng.integers(1, min(count, 12) + 1)), replace=False)
        if count and rng.random() < 0.3
        else ()
    )
    return PartRequest(
        use=PartUse.REPLACE,
        bars=bars,
        controls=_controls(rng),
        bar_density=tuple(float(d) for d in rng.integers(1, 20, canvas.bars)) if rng.random() < 0.15 else (),
        rhythm=_rhythm(rng, canvas.meter) if rng.random() < 0.3 else "",
        locked=() if keep is Keep.PITCHES else tuple(int(i) for i in locks),
        keep=keep,
    )


def _some_bars(rng: np.random.Generator, bars: int) -> tuple[int, ...]:
    chosen = np.flatnonzero(rng.random(bars) < 0.5).tolist()
    return tuple(chosen) or (int(rng.integers(bars)),)


def _controls(rng: np.random.Generator) -> tuple[tuple[str, float], ...]:
    chosen: list[tuple[str, float]] = []
    for name, control in TRACK_CONTROLS.items():
        if rng.random() > 0.25:
            continue
        value = rng.uniform(control.low, min(control.high, 200))
        if name == "feel":
            value = rng.choice((0, 1, 2, 3, 4, 5, 6, 7, 9, 12))
        elif name == "lowest_pitch":
            value = rng.integers(20, 60)
        elif name == "highest_pitch":
            value = rng.integers(55, 100)
        chosen.append((name, float(round(value) if control.whole else value)))
    return tuple(chosen)


def _rhythm(rng: np.random.Generator, meter: Meter) -> str:
    steps = meter.ticks_per_bar // STEP
    marks = int(rng.choice([n for n in (3, 6, 7, 8, 12, 14, 16, 20, 24) if steps % n == 0] or [1]))
    patterns = ["".join(rng.choice(["x", "."], marks, p=(0.4, 0.6))) for _ in range(rng.integers(1, 3))]
    return "|".join(patterns)
