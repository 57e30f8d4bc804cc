"""Following MIDI clock: through jitter and ramps to the bar line, on when it stops, and back in step."""

import random
from itertools import pairwise

import pytest

from engine.live.followed_clock import FollowedClock, MidiFollower, Moved
from engine.midi.wire import CLOCK, CONTINUE, START, STOP, song_position

PULSES_A_BAR = 96
AHEAD_SECONDS = 0.045  # so long before a bar line its messages are handed over


def pulse_times(
    bars: int, tempos: tuple[float, float] = (120.0, 120.0), *, from_bar: int = 4, until_bar: int = 8
) -> list[float]:
    """Return when a steady leader's pulses come whose tempo changes evenly from one bar to another."""
    times, seconds = [0.0], 0.0
    for pulse in range(bars * PULSES_A_BAR):
        place = (pulse / PULSES_A_BAR - 4) / (until_bar - 4)
        tempo = tempos[0] + (tempos[1] - tempos[0]) * min(max(place, 0.0), 1.0)
        seconds += 60 / tempo / 24
        times.append(seconds)
    return times


def jittered(times: list[float], jitter_seconds: float, seed: int) -> list[float]:
    """Return when they arrive: never out of order."""
    draw = random.Random(seed)
    arrived: list[float] = []
    for time in times:
        arrived.append(max(time + draw.uniform(-jitter_seconds, jitter_seconds), arrived[-1] if arrived else time))
    return arrived


@pytest.mark.parametrize("tempos", [(120.0, 120.0), (90.0, 140.0), (140.0, 90.0)])
@pytest.mark.parametrize("until_bar", [6, 12])
@pytest.mark.parametrize("seed", range(5))
def test_bar_lines_are_met_within_5_ms_through_ramps_and_jitter(
    tempos: tuple[float, float], until_bar: int, seed: int
) -> None:
    times = pulse_times(16, tempos, until_bar=until_bar)
    clock = FollowedClock(lambda: 0.0, 100.0)
    bars = {bar * PULSES_A_BAR: bar for bar in range(2, 16)}
    arrived = jittered(times, 0.003, seed)
    first = clock.next_pulse(0.0)
    heard, worst = 0, 0.0
    for number in sorted(bars):
        while arrived[heard] < times[number] - AHEAD_SECONDS:
            clock.pulse(arrived[heard])
            heard += 1
        worst = max(worst, abs(clock.seconds_at(first + 20 * number) - times[number]))
    assert worst < 0.005


def test_the_tempo_is_that_of_the_others() -> None:
    clock = FollowedClock(lambda: 0.0)
    for time in jittered(pulse_times(4, (97.0, 97.0)), 0.001, 1):
        clock.pulse(time)
    assert clock.tempo_bpm == pytest.approx(97.0, rel=0.01)


def test_time_never_goes_far_back() -> None:
    clock = FollowedClock(lambda: 0.0)
    ticks: list[float] = []
    arrived = jittered(pulse_times(4), 0.003, 2)
    for this, following in pairwise(arrived):
        clock.pulse(this)
        ticks += [clock.tick_at(this), clock.tick_at(following)]
    assert all(after - before > -6 for before, after in pairwise(ticks[4 * PULSES_A_BAR :]))


def test_it_runs_on_when_the_others_fall_silent_and_says_so() -> None:
    now = [0.0]
    clock = FollowedClock(lambda: now[0])
    assert clock.is_lost
    times = pulse_times(2)
    for now[0] in times:
        clock.pulse(now[0])
    assert not clock.is_lost
    now[0] += 3.0
    assert clock.is_lost
    assert clock.tick_at(now[0]) == pytest.approx(2 * 1920 + 3.0 * 960, abs=1)
    late = times[-1] + 3.0 + 0.004  # they come back, and they had not stopped
    clock.pulse(late)
    assert clock.tick_at(late) == pytest.approx(2 * 1920 + 3.0 * 960, abs=1)


def test_a_tempo_of_ours_holds_only_until_theirs_is_known() -> None:
    clock = FollowedClock(lambda: 0.0)
    clock.set_tempo(77.0, tick=0)
    assert clock.tempo_bpm == pytest.approx(77.0)
    for time in pulse_times(1):
        clock.pulse(time)
    clock.set_tempo(77.0, tick=0)
    assert clock.tempo_bpm == pytest.approx(120.0)


def test_start_is_the_next_pulse_and_a_song_position_is_kept_to() -> None:
    follower = MidiFollower(FollowedClock(lambda: 0.0))
    times = pulse_times(8)
    for time in times[:100]:
        follower.hear(time, CLOCK)
    assert follower.origin is None
    assert follower.hear(times[99] + 0.005, START) == Moved(True, 2000, 0)
    for time in times[100:150]:
        follower.hear(time, CLOCK)
    assert follower.origin == 2000
    assert follower.hear(times[149] + 0.001, STOP) == Moved(False)
    for time in times[150:180]:
        follower.hear(time, CLOCK)
    assert follower.hear(times[179] + 0.001, CONTINUE) == Moved(True, 3600, 1000)
    follower.hear(times[179] + 0.002, STOP)
    follower.hear(times[179] + 0.003, song_position(200))
    assert follower.hear(times[179] + 0.004, CONTINUE) == Moved(True, 3600, 24_000)
    assert follower.hear(times[179] + 0.004, song_position(16)) == Moved(True, 3600, 1920)


def test_a_leader_that_pauses_its_clock_while_stopped_begins_on_its_own_pulse() -> None:
    follower = MidiFollower(FollowedClock(lambda: 0.0))
    times = pulse_times(2)
    follower.hear(0.0, START)
    for time in times:
        follower.hear(time, CLOCK)
    follower.hear(times[-1] + 0.01, STOP)
    again = times[-1] + 7.777
    moved = follower.hear(again - 0.001, START)
    assert moved is not None
    assert moved.at == pytest.approx(follower.clock.tick_at(again), abs=21)
    for time in times:
        follower.hear(again + time, CLOCK)
    assert follower.clock.seconds_at(moved.at + 1920) == pytest.approx(again + 2.0, abs=0.001)
