"""Two programs in a Link session, on a network of their own: one tempo, one beat, and nobody's tempo is changed."""

import importlib.util
import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

# A network that nobody else is on: Link would find every peer nearby.
ALONE = (
    "ip link set lo up; ip link set lo multicast on; "
    "ip route add 224.0.0.0/4 dev lo; ip route add default dev lo; exec "
)
PEERS = """
import json, sys, time
from engine.live.link_clock import LinkClock

def beats(*clocks):
    for clock in clocks:
        clock.look()
    now = time.perf_counter()
    return [clock.tick_at(now) / 480 for clock in clocks]

def wait(is_so):
    end = time.monotonic() + 20
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)

first = LinkClock(time.perf_counter, 120.0)
time.sleep(2.0)  # of sessions less than half a second apart in age, Link may keep either
second = LinkClock(time.perf_counter, 90.0)
wait(lambda: first.peers and second.peers)
wait(lambda: second.look() or second.tempo_bpm > 100)
apart = []
for _ in range(50):
    one, other = beats(first, second)
    apart.append(abs((one - other + 2) % 4 - 2) * 60_000 / 120)
    time.sleep(0.02)
result = {"tempos": [first.tempo_bpm, second.tempo_bpm], "apart_ms": sorted(apart)[25], "peers": first.peers}
second.set_tempo(150.0, tick=0)
second.tell(is_playing=True)
wait(lambda: first.look() is not None)
result["moved"] = first._link.playing
result["after"] = first.tempo_bpm
first.close(); second.close()
print(json.dumps(result))
"""

STAGES = """
import time, json
from engine.jobs.live import ClockSource, HeardOn, LiveSetup, TransportMoved
from engine.jobs.sound import Play, StopPlaying
from engine.live.stage import Stage
from engine.music.general_midi import Role
from engine.music.loop import Loop, Note, Track
from tests.helpers.fake_midi import FakeSystem

class System(FakeSystem):
    def now(self):
        self.seconds = time.perf_counter()
        return self.seconds

LOOP = Loop(bars=1, tempo_bpm=140.0, tracks=(Track(Role.DRUMS, tuple(Note(beat * 480, 36, 60) for beat in range(4))),))
systems = [System(), System()]
told = [[], []]
setup = LiveSetup(HeardOn.PORT, clock=ClockSource.LINK)
stages = [Stage(t.append, open_system=lambda s=s: s, setup=setup) for s, t in zip(systems, told)]

def run(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for stage in stages:
            stage.pump()
        time.sleep(0.002)

run(3.0)
for stage in stages:
    stage.load(Play(LOOP))
stages[0].do(Play(LOOP))
run(6.0)
sent = [system.sent["Turnaround Out"] for system in systems]
beats = [[seconds for seconds, data in each if data[0] == 0x99] for each in sent]
playing = [stage.is_playing for stage in stages]
tempo = [stage.position().tempo_bpm for stage in stages]
stages[0].do(StopPlaying())
run(1.0)
stopped = [not stage.is_playing for stage in stages]
apart = sorted(min(abs(a - b) for b in beats[1]) for a in beats[0][2:-2])
moved = [event.is_playing for event in told[1] if isinstance(event, TransportMoved)]
print(json.dumps({"playing": playing, "tempo": tempo, "stopped": stopped, "moved": moved,
                  "apart_ms": 1000 * apart[len(apart) // 2]}))
for stage in stages:
    stage.close()
"""


def _has_network() -> bool:
    if importlib.util.find_spec("aalink") is None or shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(
    not _has_network(), reason="the extra link is not installed, or no network of one's own"
)


def alone(script: str) -> Any:
    """Run a script where nobody else is; return what it prints."""
    command = ["unshare", "-n", "sh", "-c", f'{ALONE} "$0" -c "$1"', sys.executable, script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_two_peers_agree_and_joining_changes_nobody_s_tempo() -> None:
    result = alone(PEERS)
    assert result["peers"] == 1
    assert result["tempos"] == pytest.approx([120.0, 120.0], abs=1e-3)
    assert result["apart_ms"] < 3.0
    assert result["moved"]
    assert result["after"] == pytest.approx(120.0, abs=1e-3)  # with others there the loop's tempo is not imposed


def test_two_stages_begin_and_stop_together_on_the_same_beats() -> None:
    result = alone(STAGES)
    assert result["playing"] == result["stopped"] == [True, True]
    assert result["moved"] == [True, False]
    assert result["tempo"] == pytest.approx([120.0, 120.0], abs=1e-3)
    assert result["apart_ms"] < 3.0
