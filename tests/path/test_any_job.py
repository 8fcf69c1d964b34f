"""A job of the team's own may do anything a program can: it is measured, held against its file, and ended."""

from __future__ import annotations

import json
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.checks.finding import Outcome
from chaos.faults.batch_job import BatchJob
from chaos.faults.shared.job_output import KEPT, JobOutput
from chaos.faults.shared.job_run import JobRun
from chaos.host.processes import marked
from chaos.host.tree_account import TreeAccount
from chaos.plugin.handles import Handles, Job, JobExpects
from tests.path.acting import MARK, made, played
from tests.path.test_job import WORK, play
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
FORGETS = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        {deaf}
        for descriptor in range(3):
            os.close(descriptor)
        open({file!r} + ".new", "w").write(str(os.getpid()))
        os.rename({file!r} + ".new", {file!r})
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists({file!r}): time.sleep(0.01)
while time.process_time() < 0.2: pass
"""
CRASHING = """
import json, os, sys
from chaos.plugin.handles import Handles, Job
from tests.path.acting import made
job = Job((sys.executable, "-c", sys.argv[1]), dict(os.environ), None)
fault = made("batch_job", Handles(jobs={"nightly": job}), burners=2, memory_mb=5)
print(json.dumps(dict(fault.prepare())), flush=True)
fault.inject()
sys.stdin.readline()
os.kill(os.getpid(), 9)
"""


@pytest.mark.real
@pytest.mark.parametrize(
    "deaf", ["pass", "signal.pthread_sigmask(signal.SIG_BLOCK, {2, 15})"], ids=["hears", "deaf"]
)
def test_a_job_that_left_its_session_and_its_descriptors_is_found_by_its_mark_and_ended(
    tmp_path: Path, deaf: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ((signal.SIGINT, 0.2), (signal.SIGTERM, 0.2))
    monkeypatch.setattr("chaos.host.ordered_end.end_in_order.__defaults__", (quick,))
    file = tmp_path / "daemon"
    done = play(tmp_path, sys.executable, "-c", FORGETS.format(deaf=deaf, file=str(file)))
    assert done.outcome is Outcome.PASS, done
    wait_until(lambda: not Path(f"/proc/{file.read_text()}").exists())
    assert marked(MARK) == []


@pytest.mark.real
def test_everything_is_ended_if_midnight_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "daemon"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-c", CRASHING, FORGETS.format(deaf="pass", file=str(file))]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, env=env, cwd=tmp_path, stdin=pipe, stdout=pipe) as midnight:
        assert midnight.stdin is not None and midnight.stdout is not None
        undo = json.loads(midnight.stdout.readline())
        wait_until(file.exists)
        midnight.stdin.write(b"\n")
    assert midnight.returncode == -signal.SIGKILL
    BatchJob.undo(undo)
    assert marked(MARK) == []


@pytest.mark.real
def test_fifty_children_are_counted_and_ended(tmp_path: Path) -> None:
    many = "for i in $(seq 50); do sh -c 'sleep 600; :' & done; wait"
    done = play(tmp_path, "sh", "-c", many, seconds=4.0)
    assert done.held.evidence["processes"] >= 51 and "was still running" in done.because, done
    assert marked(MARK) == []


@pytest.mark.real
def test_a_hundred_megabytes_of_output_are_read_and_a_bounded_part_is_kept(tmp_path: Path) -> None:
    loud = "import sys\nfor n in range(1000): sys.stdout.write(f'{n}' * 50_000 + '\\n')\nprint('the end')"
    done = play(tmp_path, sys.executable, "-c", loud, expect=JobExpects(contains=("the end",)), seconds=60.0)
    assert done.outcome is Outcome.PASS, done
    assert done.held.evidence["output_bytes"] > 100_000_000
    assert len(done.held.output) < 3 * KEPT and "bytes left out" in done.held.output
    assert done.held.output.endswith("the end\n")


@pytest.mark.real
@pytest.mark.parametrize(
    ("expect", "missing"),
    [
        (JobExpects(contains=("synced", "rows")), ""),
        (JobExpects(matches=r"synced \d{2} rows$"), ""),
        (JobExpects(matches="^rows"), "no line of its output matches '^rows'"),
        (JobExpects(contains=("cleaned",)), "its output lacks 'cleaned'"),
        (JobExpects(lacks=("ERROR",)), "its output has 'ERROR: a row was skipped'"),
        (JobExpects(exit=(3,)), "exit code 0: ERROR: a row was skipped"),
    ],
)
def test_what_a_job_prints_and_returns_is_held_against_its_file(
    tmp_path: Path, expect: JobExpects, missing: str
) -> None:
    said = f"{WORK}print('synced 42 rows')\nprint('ERROR: a row was skipped')"
    done = play(tmp_path, sys.executable, "-c", said, expect=expect)
    assert done.outcome is (Outcome.UNKNOWN if missing else Outcome.PASS), done
    assert missing in done.because and (not missing or "the job did not complete" in done.because)


@pytest.mark.real
def test_an_exit_code_of_the_teams_own_may_be_success(tmp_path: Path) -> None:
    done = play(
        tmp_path, sys.executable, "-c", f"{WORK}import sys; sys.exit(4)", expect=JobExpects(exit=(0, 4))
    )
    assert done.outcome is Outcome.PASS and done.held.evidence["ended"] == "completed", done


@pytest.mark.real
def test_bytes_read_and_written_prove_a_job_that_uses_little_of_the_processor(tmp_path: Path) -> None:
    copy = "dd if=/dev/zero of=copied bs=1M count=30 2>/dev/null"
    enough = play(tmp_path, "sh", "-c", copy, min_written="30MB", min_read="30MB", min_cpu_seconds=0)
    short = play(tmp_path, "sh", "-c", copy, min_written="300MB", min_cpu_seconds=0)
    assert enough.outcome is Outcome.PASS, enough
    assert short.outcome is Outcome.UNKNOWN and "31.5 MB written (at least 300 MB needed)" in short.because, (
        short
    )


@pytest.mark.real
def test_a_step_fills_in_the_values_that_the_job_takes_and_names_the_others(tmp_path: Path) -> None:
    code = f"{WORK}import os, sys; print(sys.argv[1:], os.environ['DAY'])"
    argv = (sys.executable, "-c", code, "--rows={rows}", "{burners}", "{other} ${rows}")
    job = Job(
        argv, {**os.environ, "DAY": "{day}"}, tmp_path, values={"rows": "5", "burners": "1", "day": "monday"}
    )
    fault = made("batch_job", Handles(jobs={"nightly": job}), values={"rows": 7, "queries": 3}, burners=2)
    said = [probe.line for probe in fault.probes()]
    done = played(fault, tmp_path, seconds=20.0, cut=False)
    assert done.held.evidence["last_lines"] == ["['--rows=7', '2', '{other} $7'] monday"]
    assert any("the nightly job gets queries" in line for line in said), said
    assert "beside" not in done.held.evidence  # it takes the burners itself


@pytest.mark.real
def test_braces_of_a_job_without_values_are_its_own(tmp_path: Path) -> None:
    awk = f"{sys.executable} -c '{WORK.strip()}'; echo 7 | awk '{{print $1}}'; echo ${{HOME}} {{rows}}"
    done = play(tmp_path, "sh", "-c", awk.replace("\n", "; ").replace(": pass", ": pass"), seconds=20.0)
    assert done.held.evidence["last_lines"][-2:] == ["7", f"{os.environ['HOME']} {{rows}}"], done


@pytest.mark.real
def test_burners_and_memory_are_midnights_own_beside_a_job_that_knows_neither(tmp_path: Path) -> None:
    done = play(tmp_path, sys.executable, "-c", WORK, burners=2, cpu_seconds=0.4, memory_mb=30, seconds=60.0)
    assert done.outcome is Outcome.PASS, done
    assert (
        done.held.dose["beside_cpu_seconds"] >= 0.38 and done.held.dose["beside_memory_bytes"] == 30_000_000
    )
    assert done.held.evidence["cpu_seconds"] < 0.6  # the job's own
    assert marked(MARK) == []


@pytest.mark.real
def test_a_job_keeps_its_time_zone(tmp_path: Path) -> None:
    job = Job(
        (sys.executable, "-c", f"{WORK}import os; print(os.environ.get('TZ'))"),
        {**os.environ, "TZ": "Asia/Tokyo"},
        tmp_path,
    )
    done = played(made("batch_job", Handles(jobs={"nightly": job})), tmp_path, seconds=20.0, cut=False)
    assert done.held.evidence["last_lines"] == ["Asia/Tokyo"]


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_job_runs_as_its_user_with_that_users_groups() -> None:
    nobody = pwd.getpwnam("nobody")
    job = Job(("sh", "-c", "id -u; id -G; echo $USER"), dict(os.environ), Path("/"), user="nobody")
    run = JobRun(job, MARK)
    wait_until(run.ended.is_set)
    groups = " ".join(map(str, os.getgrouplist("nobody", nobody.pw_gid)))
    assert run.output.last() == [str(nobody.pw_uid), groups, "nobody"]


@pytest.mark.parametrize(
    ("user", "because"),
    [("no-such-user", "this machine has no user 'no-such-user'"), ("root", "only root may start it as root")],
)
def test_a_user_that_midnight_may_not_take_is_refused_with_the_reason(
    tmp_path: Path, user: str, because: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    fault = made("batch_job", Handles(jobs={"nightly": Job(("true",), {}, tmp_path, user=user)}))
    assert any(because in probe.line for probe in fault.probes())


@pytest.mark.real
def test_a_tree_is_added_up_once_whoever_waits_for_whom(tmp_path: Path) -> None:
    burnt = tmp_path / "burnt"
    burn = "import time\nwhile time.process_time() < 0.3: pass\n"
    tree = f"""
import os, subprocess, sys, time
{burn}subprocess.run([sys.executable, '-c', {burn!r}])
if os.fork() == 0:
    if os.fork() == 0:
        began = time.process_time()
        while time.process_time() < began + 0.3: pass
        open({str(burnt)!r}, "w").close()
        time.sleep(60)
    os._exit(0)
os.wait()
"""
    job = Job((sys.executable, "-c", tree), dict(os.environ), Path("/"))
    run = JobRun(job, MARK)
    wait_until(run.ended.is_set)
    wait_until(burnt.exists)
    wait_until(lambda: run.used.cpu >= 0.85 or not marked(MARK))
    try:
        account = TreeAccount()
        account.look([each.pid for each in marked(MARK)])
        assert 0.28 <= account.used.cpu < 0.6  # the orphan alone
        assert 0.55 <= run.used.cpu < 1.3
    finally:
        BatchJob.undo({"mark": MARK})


def test_the_last_object_and_the_last_lines_are_kept_of_what_is_printed() -> None:
    output = JobOutput(JobExpects())
    for line in (b'{"rows": 1}\n', b"[1]\n", b'{"rows": 2}\n', b"\n", b"{no object\n", b"done\n"):
        output.feed(line)
    assert output.report() is None and output.last()[-1] == "done"
    output.feed(b'  {"rows": 3}\n')
    assert output.report() == {"rows": 3}
