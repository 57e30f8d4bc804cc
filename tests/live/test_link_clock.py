"""Two programs in a Link session, on a network of their own: one tempo, one beat, and nobody's tempo is changed."""

import importlib.util
import json
import shutil
import subprocess
import sys

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
time.sleep(0.5)
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


def _has_network() -> bool:
    if importlib.util.find_spec("aalink") is None or shutil.which("unshare") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _has_network(), reason="the extra link is not installed, or no network of one's own")
def test_two_peers_agree_and_joining_changes_nobody_s_tempo() -> None:
    command = ["unshare", "-n", "sh", "-c", f'{ALONE} "$0" -c "$1"', sys.executable, PEERS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["peers"] == 1
    assert result["tempos"] == pytest.approx([120.0, 120.0], abs=1e-3)
    assert result["apart_ms"] < 3.0
    assert result["moved"]
    assert result["after"] == pytest.approx(120.0, abs=1e-3)  # with others there the loop's tempo is not imposed
