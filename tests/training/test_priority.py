"""A training in the background is nice to other programs, not only to its own session."""

import subprocess
import sys

import pytest

from training.priority import AUTOGROUP

NICE = 7
LOWERED = (
    "import os\nfrom training.priority import AUTOGROUP, lower_priority\n"
    f"before = AUTOGROUP.read_text()\nlower_priority({NICE})\n"
    "print(os.nice(0)); print(before.strip()); print(AUTOGROUP.read_text().strip())"
)

pytestmark = pytest.mark.skipif(
    not AUTOGROUP.exists() or not AUTOGROUP.read_text(), reason="sessions are not weighed here"
)


@pytest.mark.parametrize("has_session", [True, False])
def test_a_session_of_its_own_is_as_nice_as_the_process(has_session: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOWERED],
        start_new_session=has_session,
        capture_output=True,
        text=True,
        check=True,
    )
    niceness, before, after = done.stdout.splitlines()
    assert int(niceness) >= NICE
    assert (f"nice {NICE}" in after) == has_session
    assert has_session or before == after
