"""A SLURM cluster of a test's own: real, two nodes of this machine, and gone when the test is.

Starts `munged` (who may speak), `slurmctld` (the queue) and a `slurmd` a node, all in one folder, and ends them with
SIGTERM. Debian: `apt-get install slurm-wlm munge`.
"""

import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from tests.helpers.desktop import until

NODES = ("one", "two")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "scontrol", "sinfo")
CONFIGURATION = """
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
MinJobAge=86400
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2\n"


def is_slurm_installed() -> bool:
    return all(shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") for program in PROGRAMS)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Slurm:
    """A running cluster; its files and logs lie in a folder of its own, whose path must be short (for a socket)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        host = socket.gethostname().split(".")[0]
        for name in ("munge", "state", *NODES):
            (folder / name).mkdir()
        key = folder / "munge" / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        configuration = folder / "slurm.conf"
        nodes = [NODE.format(name=name, host=host, port=_free_port()) for name in NODES]
        text = CONFIGURATION.format(host=host, port=_free_port(), user=getpass.getuser(), folder=folder)
        configuration.write_text(text + "".join(nodes), encoding="utf-8")
        self.environment = {**os.environ, "SLURM_CONF": str(configuration), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        munge = self._folder / "munge"
        own = [f"--{name}={munge / file}" for name, file in (("key-file", "key"), ("socket", "socket"))]
        own += [f"--{name}={munge / name}" for name in ("pid-file", "log-file", "seed-file")]
        self.run("munged", "--force", *own)  # forced: the folder of a test may be anybody's to read
        self.run("slurmctld")
        for name in NODES:
            self.run("slurmd", "-N", name)
        until(lambda: self.run("sinfo", "-h", "-N", "-o", "%t").split() == ["idle"] * len(NODES), "the nodes")

    def run(self, *command: str) -> str:
        """Return what one of its commands writes.

        Raises:
            CalledProcessError: The command fails.
        """
        done = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True
        )
        return done.stdout

    def submit(self, script: Path) -> str:
        """Return the number of a new job."""
        return self.run("sbatch", "--parsable", str(script)).strip()

    def state(self, job: str) -> str:
        """Return a job's state, as in `COMPLETED`."""
        found = re.search(r"JobState=(\w+)", self.run("scontrol", "show", "job", job))
        return found[1] if found else ""

    def close(self) -> None:
        """End all of it."""
        pids = [*(self._folder / f"slurmd-{name}.pid" for name in NODES), self._folder / "slurmctld.pid"]
        for file in (*pids, self._folder / "munge" / "pid-file"):
            with suppress(OSError, ValueError):
                pid = int(file.read_text())
                os.kill(pid, signal.SIGTERM)
                until(lambda pid=pid: not (Path("/proc") / str(pid)).exists(), f"the end of {file.name}")
