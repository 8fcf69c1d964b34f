"""A container's cgroup files say the same in both of the kernel's versions."""

from __future__ import annotations

from pathlib import Path

from chaos.engine.cgroups import Cgroup, Used

ID = "c0ffee" * 8
EXPECTED = Used(cpu=12.5, memory=3_000_000.0, pids=7.0, oom_kills=2.0, throttled=1.5, written=8192.0)


def plant(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_version_1_by_controller(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "proc/9/cgroup": f"4:memory:/docker/{ID}\n2:cpu,cpuacct:/docker/{ID}\n3:pids:/docker/{ID}\n"
            f"7:blkio:/docker/{ID}\n0::/\n",
            f"cg/memory/docker/{ID}/memory.usage_in_bytes": "5000000\n",
            f"cg/memory/docker/{ID}/memory.stat": "cache 1\ntotal_inactive_file 2000000\n",
            f"cg/memory/docker/{ID}/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
            f"cg/cpu,cpuacct/docker/{ID}/cpuacct.usage": "12500000000\n",
            f"cg/cpu,cpuacct/docker/{ID}/cpu.stat": "nr_periods 1\nthrottled_time 1500000000\n",
            f"cg/pids/docker/{ID}/pids.current": "7\n",
            f"cg/blkio/docker/{ID}/blkio.throttle.io_service_bytes": "7:0 Read 5\n7:0 Write 8192\nTotal 8197\n",
        },
    )
    found = Cgroup.of(9, ID, tmp_path / "cg", tmp_path / "proc")
    assert found is not None and found.version == 1
    assert found.read() == EXPECTED


def test_version_2_in_one_place(tmp_path: Path) -> None:
    place = f"cg/system.slice/docker-{ID}.scope"
    plant(
        tmp_path,
        {
            "proc/9/cgroup": f"0::/system.slice/docker-{ID}.scope\n",
            "cg/cgroup.controllers": "cpu io memory pids\n",
            f"{place}/memory.current": "5000000\n",
            f"{place}/memory.stat": "anon 1\ninactive_file 2000000\n",
            f"{place}/memory.events": "low 0\noom 3\noom_kill 2\n",
            f"{place}/cpu.stat": "usage_usec 12500000\nthrottled_usec 1500000\n",
            f"{place}/pids.current": "7\n",
            f"{place}/io.stat": "7:0 rbytes=5 wbytes=8192 rios=1 wios=2\n",
        },
    )
    found = Cgroup.of(9, ID, tmp_path / "cg", tmp_path / "proc")
    assert found is not None and found.version == 2
    assert found.read() == EXPECTED


def test_a_process_of_another_machine_has_no_cgroup_here(tmp_path: Path) -> None:
    plant(tmp_path, {"proc/9/cgroup": "0::/user.slice\n", "cg/cgroup.controllers": "cpu\n"})
    assert Cgroup.of(9, ID, tmp_path / "cg", tmp_path / "proc") is None
    assert Cgroup.of(10, ID, tmp_path / "cg", tmp_path / "proc") is None


def test_a_container_that_has_ended_gives_no_figures(tmp_path: Path) -> None:
    plant(tmp_path, {"proc/9/cgroup": f"0::/docker/{ID}\n", "cg/cgroup.controllers": "cpu\n"})
    found = Cgroup.of(9, ID, tmp_path / "cg", tmp_path / "proc")
    assert found is not None and found.read() is None and found.oom_kills() == 0.0
