"""A node's servers: ports that only one may have, and that nobody outlives; Unreal by its start script."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.leases import NoPort, PortLease, scratch
from orchestrator.player import CarlaPlayer
from orchestrator.spec import ServerSpec
from sensors.rig import load_rig
from simulator.process import ServerError
from simulator.unreal import UnrealProcess

from .fakes import alive, descendants

ROOT = Path(__file__).parents[2]
FIRST = 23000


@pytest.fixture(autouse=True)
def leases_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def carla(tmp_path: Path) -> Path:
    """Stands in for CarlaUE4.sh: takes Unreal's flags, notes them, and leaves the server as its child, as that does."""
    path = tmp_path / "CarlaUE4.sh"
    path.write_text(
        textwrap.dedent(f"""\
        #!/usr/bin/env bash
        printf '%s\\n' "$@" > {tmp_path}/flags
        for word in "$@"; do case "$word" in -carla-rpc-port=*) port="${{word#*=}}";; esac; done
        {sys.executable} -m simulator.server --port "$port"
        """)
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def wait_for(condition: object, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_ports_are_leased_to_one_holder_each() -> None:
    first, second = PortLease(FIRST), PortLease(FIRST)
    assert (first.port, second.port) == (FIRST, FIRST + 4)
    first.release()
    assert PortLease(FIRST).port == FIRST
    second.release()


def test_a_port_on_which_somebody_listens_is_left_out() -> None:
    with socket.create_server(("127.0.0.1", FIRST + 2)):
        assert PortLease(FIRST).port == FIRST + 4


def test_a_range_that_is_used_up_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.leases.MOST", 1)
    held = PortLease(FIRST)
    with pytest.raises(NoPort, match="first_port"):
        PortLease(FIRST)
    held.release()


def test_a_lease_dies_with_its_holder_and_takes_the_orphan_along(tmp_path: Path) -> None:
    code = f"""
        import subprocess, time
        from orchestrator.leases import PortLease, scratch
        lease = PortLease({FIRST})
        server = subprocess.Popen(["sleep", "600"], start_new_session=True)
        lease.note_server(server.pid)
        with scratch() as folder:
            print(lease.port, server.pid, folder, flush=True)
            time.sleep(600)
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    port, server, folder = holder.stdout.readline().split()
    with PortLeaseHeld(FIRST) as other:
        assert other.port == int(port) + 4
    with scratch():
        assert Path(folder).exists()
    holder.kill()
    holder.wait()
    assert alive(int(server))
    with PortLeaseHeld(FIRST) as mine:
        assert mine.port == int(port)
    wait_for(lambda: not alive(int(server)))
    with scratch():
        assert not Path(folder).exists()


class PortLeaseHeld:
    """A lease as a context manager."""

    def __init__(self, first: int) -> None:
        self._lease = PortLease(first)

    def __enter__(self) -> PortLease:
        return self._lease

    def __exit__(self, *_: object) -> None:
        self._lease.release()


def test_unreal_gets_the_flags_of_a_farm_and_goes_with_all_it_started(carla: Path, tmp_path: Path) -> None:
    with UnrealProcess(carla, FIRST, quality="Low", arguments=("-benchmark",), gpu=1, timeout=120) as server:
        below = descendants(server.pid)
        assert len(below) == 2  # the script and its child
        assert server.port == FIRST
    assert (tmp_path / "flags").read_text().split() == [
        "-RenderOffScreen",
        "-nosound",
        f"-carla-rpc-port={FIRST}",
        "-quality-level=Low",
        "-graphicsadapter=1",
        "-benchmark",
    ]
    wait_for(lambda: not any(map(alive, below)))


def test_an_executable_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match=r"server\.executable"):
        UnrealProcess(tmp_path / "CarlaUE4.sh", FIRST).start()


def test_a_server_that_ends_at_once_leaves_its_words(tmp_path: Path) -> None:
    script = tmp_path / "CarlaUE4.sh"
    script.write_text("#!/usr/bin/env bash\necho no Vulkan device\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(ServerError, match=r"(?s)ended with code 3.*no Vulkan device"):
        UnrealProcess(script, FIRST).start()


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_servers_of_a_player_end_when_its_process_is_killed(carla: Path, tmp_path: Path) -> None:
    code = f"""
        import pathlib, time
        from orchestrator.player import CarlaPlayer
        from orchestrator.spec import ServerSpec
        from sensors.rig import load_rig
        server = ServerSpec(executable=pathlib.Path({str(carla)!r}), first_port={FIRST})
        player = CarlaPlayer(load_rig("kitti"), server)
        print("ready", flush=True)
        time.sleep(600)
    """
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    assert owner.stdout.readline() == "ready\n"
    below = descendants(owner.pid)
    assert len(below) == 3  # guard, script, server
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    wait_for(lambda: not any(map(alive, below)))


def test_a_player_knows_when_its_server_is_worn_out_and_what_it_holds() -> None:
    spec = ServerSpec(first_port=FIRST, restart_after=2)
    player = CarlaPlayer(load_rig("kitti"), spec)
    try:
        memory, seconds = player.usage()
        assert memory > 50e6
        assert seconds > 0.1
        assert player.alive()
        assert not player.worn()
        player._played = 2
        assert player.worn()
        player._played, player._spec = 0, spec.model_copy(update={"memory": 0.01})
        assert player.worn()
        assert "listening" in player.log_tail()
        [server] = [p for p in psutil.Process().children() if "simulator.server" in " ".join(p.cmdline())]
        server.kill()
        wait_for(lambda: not player.alive())
    finally:
        player.close()


def test_a_server_at_an_address_is_watched_from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.player.KNOCK", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        player = CarlaPlayer(load_rig("kitti"), address=f"127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setattr("orchestrator.player.KNOCK", 0.2)
        player._knocked = -1.0
        assert player.alive()
    player._knocked = -1.0
    assert not player.alive()
    player.close()
