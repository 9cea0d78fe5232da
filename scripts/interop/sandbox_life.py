"""The sandbox as a process: it ends when told, leaves nothing behind, and the profile that it writes works."""

import pathlib
import signal
import tempfile

from lib import doctor, end, expect, run_cases, start_sandbox


def told_to_end(how):
    process, tenant = start_sandbox()
    folder = pathlib.Path(tenant["ca_file"]).parent
    expect(folder.is_dir(), f"{folder} is not there")
    expect(folder.stat().st_mode & 0o077 == 0, f"others can look into {folder}")
    code = end(process, how)
    expect(process.stderr.read() == "", "it complained")
    expect(not folder.exists(), f"{folder} was left behind")
    return code


def sandbox_ends_on_ctrl_c():
    code = told_to_end(signal.SIGINT)
    expect(code in (0, 130), f"exit {code}")


def sandbox_ends_on_sigterm():
    code = told_to_end(signal.SIGTERM)
    expect(code in (0, 130, 143), f"exit {code}")


def sandbox_leaves_a_named_folder():
    with tempfile.TemporaryDirectory() as above:
        folder = pathlib.Path(above, "named")
        process, tenant = start_sandbox("--dir", str(folder))
        end(process, signal.SIGINT)
        expect(pathlib.Path(tenant["profile_file"]).is_file(), "the profile is gone")


def sandbox_profile_works():
    process, tenant = start_sandbox()
    try:
        report = doctor("checkup", "--config", tenant["profile_file"])
    finally:
        end(process, signal.SIGINT)
    expect(report["summary"]["exit_code"] == 0, report["summary"])


run_cases(sandbox_ends_on_ctrl_c, sandbox_ends_on_sigterm, sandbox_leaves_a_named_folder, sandbox_profile_works)
