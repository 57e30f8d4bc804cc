"""Everything that a controller can move: every action, and knobs for what is set by degrees."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from engine.music.general_midi import Role
from engine.music.loop import MAX_TRACKS
from engine.representation.controls import TRACK_CONTROLS
from gui.actions import ACTIONS, ActionTable
from gui.live_settings import LiveSettings
from gui.panels.control_values import scale_of
from gui.piano_roll.state import RollState
from gui.session import PartSettings, Session

MOST_TEMPERATURE = 2.0
SLOWEST_BPM, FASTEST_BPM = 60, 187  # a controller has 128 positions: one for each whole BPM
LEAST_REMIX_PERCENT = 5


@dataclass(frozen=True, slots=True)
class Knob:
    """Something that a controller can move.

    Attributes:
        id: Stable name.
        title, group: For people.
        turn: Sets it to a share, 0 to 1; None for what is pressed.
        press: Does it; None for what is turned.
    """

    id: str
    title: str
    group: str
    turn: Callable[[float], None] | None = None
    press: Callable[[], None] | None = None


def all_knobs(
    state: RollState,
    session: Session,
    actions: ActionTable,
    *,
    change_live: Callable[[Callable[[LiveSettings], LiveSettings]], None],
    set_tempo: Callable[[float], None],
) -> dict[str, Knob]:
    """Return all knobs by their ids, in the order in which they are shown.

    Args:
        state: Which part is in front.
        session: Parts and wishes.
        actions: The window's.
        change_live: Changes the live settings.
        set_tempo: Sets the loop's tempo, in BPM.
    """
    knobs = [
        *_mixer(session),
        *_wishes(state, session),
        Knob(
            "tempo",
            f"Tempo, {SLOWEST_BPM} to {FASTEST_BPM} BPM",
            "Loop",
            lambda share: set_tempo(round(SLOWEST_BPM + share * (FASTEST_BPM - SLOWEST_BPM))),
        ),
        Knob(
            "evolve_percent",
            "Evolve: how much",
            "Loop",
            lambda share: change_live(lambda live: replace(live, evolve_percent=max(1, round(100 * share)))),
        ),
        *(Knob(spec.id, spec.text.rstrip("…"), spec.menu, press=actions[spec.id].trigger) for spec in ACTIONS),
    ]
    return {knob.id: knob for knob in knobs}


def _mixer(session: Session) -> list[Knob]:
    def change(part: int, edit: Callable[[PartSettings], PartSettings]) -> None:
        if part < len(session.parts):
            session.change_part(part, edit)

    def level(part: int) -> Knob:
        return Knob(
            f"volume_{part + 1}",
            f"Volume of part {part + 1}",
            "Parts",
            lambda share: change(part, lambda settings: replace(settings, volume=round(share, 2))),
        )

    def mute(part: int) -> Knob:
        return Knob(
            f"mute_{part + 1}",
            f"Mute part {part + 1}",
            "Parts",
            press=lambda: change(part, lambda settings: replace(settings, is_muted=not settings.is_muted)),
        )

    def solo(part: int) -> Knob:
        return Knob(
            f"solo_{part + 1}",
            f"Solo part {part + 1}",
            "Parts",
            press=lambda: change(part, lambda settings: replace(settings, is_soloed=not settings.is_soloed)),
        )

    return [knob(part) for knob in (level, mute, solo) for part in range(MAX_TRACKS)]


def _wishes(state: RollState, session: Session) -> list[Knob]:
    def wish(**changes: float) -> None:
        session.change_wishes(replace(session.wishes, **changes))

    def heat(share: float) -> None:
        sampling = session.wishes.sampling
        default = replace(sampling.default, temperature=round(MOST_TEMPERATURE * share, 2))
        session.change_wishes(replace(session.wishes, sampling=replace(sampling, default=default)))

    def of_front(name: str) -> Knob:
        return Knob(
            f"wish_{name}",
            f"{TRACK_CONTROLS[name].label} of the part in front",
            "Wishes",
            lambda share: _set_wish(state, session, name, share),
        )

    span = 100 - LEAST_REMIX_PERCENT
    return [
        *map(of_front, TRACK_CONTROLS),
        Knob(
            "remix", "Remix", "Loop", lambda share: wish(remix_percent=float(round(LEAST_REMIX_PERCENT + span * share)))
        ),
        Knob("style", "Own style", "Loop", lambda share: wish(style_percent=float(round(100 * share)))),
        Knob("temperature", "Temperature", "Loop", heat),
    ]


def _set_wish(state: RollState, session: Session, name: str, share: float) -> None:
    """Set a wish of the part in front, as if its slider were moved; drums have not all of them."""
    front, tracks = state.view.front, state.loop.tracks
    if front >= min(len(tracks), len(session.parts)):
        return
    if tracks[front].role is Role.DRUMS and not TRACK_CONTROLS[name].for_drums:
        return
    scale = scale_of(name)
    value = scale.value_at(round(share * scale.steps))
    session.change_part(front, lambda settings: settings.with_control(name, value))
