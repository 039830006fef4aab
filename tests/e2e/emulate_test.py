#!/usr/bin/python3
"""jobs/emulate.sh: hosts with their own core, link and memory, of which nothing is left behind."""

import os
import re
import signal
import subprocess
import time
import unittest
from pathlib import Path

from program import BAD_USAGE, DONE, ENVIRONMENT, FACE, PROGRAM, RANK_FAILED, SOURCE, Outcome, ProgramTest, run

EMULATE = SOURCE / "jobs" / "emulate.sh"
CANNOT_EMULATE = 69
KILLED = 128 + signal.SIGKILL
PATIENCE_SECONDS = 30

# A rank that says where it is, burns a fixed amount of processor time and says how long that took.
BURN = """
import os, socket, time
start, end = time.monotonic(), time.process_time() + 0.3
while time.process_time() < end: pass
took = time.monotonic() - start
print(f"{socket.gethostname()} took {took:.2f} on {len(os.sched_getaffinity(0))} cores", flush=True)
"""
FILL = "import sys; whole = bytearray(int(sys.argv[1]) << 20); whole[::4096] = b'x' * len(whole[::4096])"


def emulate(*arguments, timeout=60, **options):
    return run([str(word) for word in [EMULATE, *arguments]], timeout, **options)


def traces(process):
    """Namespaces, control groups and files of the emulation by this process, and processes in its groups."""
    name = f"vpinfer-{process}"
    groups = [path for path in Path("/sys/fs/cgroup").rglob(name) if path.is_dir()]
    processes = [line for group in groups for procs in group.rglob("cgroup.procs") for line in procs.read_text().split()]
    namespaces = Path("/run/netns").glob(f"{name}-*")
    return sorted(map(str, [*groups, *namespaces, *Path("/run").glob(name), *processes]))


def runs(process):
    """A process that nobody has waited for yet counts as gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Options(ProgramTest):
    """Judged before root and the kernel are."""

    def test_bad_ones_are_refused_in_a_line(self):
        for arguments, fragments in (
                (["--hosts", "0"], ["--hosts", "'0'", "1 to 64"]),
                (["--hosts", "many"], ["--hosts", "'many'"]),
                (["--hosts", "08"], ["--hosts", "'08'"]),
                (["--cpu", "20"], ["--cpu", "'20'", "1% to 100%"]),
                (["--cpu", "0%"], ["--cpu", "'0%'"]),
                (["--cpu", "200%"], ["--cpu", "'200%'"]),
                (["--hosts", "3", "--cpu", "20%,10%"], ["--cpu", "2 values for 3 hosts"]),
                (["--link", "fast"], ["--link", "'fast'", "100mbit"]),
                (["--link", ""], ["--link"]),
                (["--memory", "1MiB"], ["--memory", "'1MiB'", "16MiB"]),
                (["--memory", "64"], ["--memory", "'64'"]),
                (["--memory", "99999999999999999999MiB"], ["--memory"]),
                (["--extra", "docker,modem"], ["--extra", "'modem'", "wifi"]),
                (["--extra", "wifi,other-wifi"], ["--extra", "one interface"]),
                (["--bogus"], ["--bogus", "--help"]),
                (["--hosts"], ["--hosts", "value"])):
            with self.subTest(arguments=arguments):
                self.assert_refused(emulate(*arguments, *([] if arguments == ["--hosts"] else ["--", "true"])),
                                    BAD_USAGE, *fragments)

    def test_a_command_is_needed(self):
        self.assert_refused(emulate("--hosts", 2), BAD_USAGE, "command")
        self.assert_refused(emulate("--calibrate", "--", "true"), BAD_USAGE, "--calibrate", "true")

    def test_help(self):
        self.assertIn("--calibrate", self.assert_done(emulate("--help")))

    @unittest.skipIf(os.geteuid() != 0, "needs root, to give it up")
    def test_root_is_needed(self):
        try:
            done = emulate("--", "true", user="nobody", cwd="/")
        except PermissionError as error:
            self.skipTest(f"nobody may not read the source: {error}")
        self.assert_refused(done, CANNOT_EMULATE, "root")


class Emulation(ProgramTest):
    @classmethod
    def setUpClass(cls):
        done = emulate("--quiet", "--hosts", 2, "--", "true")
        if done.code == CANNOT_EMULATE:
            raise unittest.SkipTest(done.err.strip())
        if done.code != DONE:
            raise AssertionError(str(done))

    def start(self, *arguments, stdin=subprocess.DEVNULL, environment=None):
        command = [str(word) for word in [EMULATE, *arguments]]
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env=ENVIRONMENT | (environment or {}))
        self.addCleanup(lambda: self.assertEqual(traces(process.pid), []))
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)

    def emulate(self, *arguments, text="", hosts=3, environment=None):
        """An emulation to its end."""
        process = self.start("--hosts", hosts, *arguments, stdin=subprocess.PIPE, environment=environment)
        out, err = process.communicate(text, timeout=60)
        return Outcome(process.returncode, out, err)

    def test_a_model_gives_what_one_rank_gives(self):
        out = self.path("out")
        done = self.emulate("--cpu", "60%,60%,30%", "--", PROGRAM, "--model", FACE / "face.h5",
                       "--input", next(FACE.glob("*.jpg")), "--output", out, "--compare-single")
        self.assertEqual(done.code, DONE, done)
        self.assertIn("PASS", done.out)
        for host in ("pi1", "pi2", "pi3"):
            self.assertRegex(done.out, rf"(?m)^ +\d +{host} ")
        self.assertIn("detections.json", "".join(self.names()))
        self.assertIn(f"mpirun --hostfile pis.txt {PROGRAM} --model", done.err)

    def test_messages_in_many_chunks_arrive_whole(self):
        done = self.emulate("--quiet", "--cpu", "60%,60%,30%", "--", PROGRAM, "--model", FACE / "face.h5",
                            "--repeat", 9, "--in-flight", 3, "--compare-single",
                            environment={"OMPI_MCA_btl_tcp_eager_limit": "1024", "OMPI_MCA_btl_tcp_rndv_eager_limit": "1024"})
        self.assertEqual(done.code, DONE, done)
        self.assertIn("PASS", done.out)

    def test_hosts_have_their_own_share_of_a_core(self):
        done = self.emulate("--quiet", "--cpu", "60%,30%,15%", "--", "/usr/bin/python3", "-c", BURN)
        self.assertEqual(done.code, DONE, done)
        took = {host: (float(seconds), cores)
                for host, seconds, cores in re.findall(r"(\S+) took (\S+) on (\d+) cores", done.out)}
        for host, share in (("pi1", 0.6), ("pi2", 0.3), ("pi3", 0.15)):
            seconds, cores = took[host]
            self.assertEqual(cores, "1", done)
            self.assertGreater(seconds, 0.8 * 0.3 / share, done)

    def test_links_have_their_own_rate(self):
        process = self.start("--quiet", "--hosts", 2, "--link", "1gbit,10mbit", "--", "sleep", "100")
        name = f"vpinfer-{process.pid}"

        def rate(namespace, interface):
            return run(["tc", "-n", f"{name}-{namespace}", "qdisc", "show", "dev", interface]).out

        self.assertTrue(eventually(lambda: "rate 10Mbit" in rate("switch", "eth0-2")))
        self.assertIn("rate 10Mbit", rate(2, "eth0"))
        self.assertIn("rate 1Gbit", rate(1, "eth0"))
        self.assertIn("rate 1Gbit", rate("switch", "eth0-1"))

    def test_a_rank_too_large_for_its_host_is_named(self):
        done = self.emulate("--quiet", "--cpu", "60%", "--memory", "400MiB,64MiB,400MiB", "--",
                       "/usr/bin/python3", "-c", FILL + "; import time; time.sleep(0.5)", 100)
        self.assertEqual(done.code, KILLED, done)
        self.assert_says(done, "pi2 ran out of its 64 MiB of memory")
        self.assertNotIn("pi1 ran out", done.err)

    def test_exit_code_standard_input_and_output_pass_through(self):
        failing = self.emulate("--quiet", "--", "sh", "-c", "[ $(hostname) != pi2 ] || exit 37; sleep 0.2")
        self.assertEqual(failing.code, 37, failing)
        done = self.emulate("--quiet", "--", "cat", text="for rank 0")
        self.assertEqual((done.code, done.out, done.err), (DONE, "for rank 0", ""))

    def run_model_with(self, extra, *options, **how):
        return self.emulate("--quiet", "--cpu", "60%,60%,30%", "--extra", extra, "--", *options, PROGRAM,
                            "--model", FACE / "face.h5", "--repeat", 5, "--compare-single", **how)

    def assert_used(self, network, done):
        self.assertEqual(done.code, DONE, done)
        self.assertIn("PASS", done.out)
        self.assertIn(f"network: {network}\n", done.out)
        self.assertNotIn("WARNING", done.err)

    def test_the_wired_network_is_found_among_others(self):
        for extra in ("docker", "ipv6", "own-name", "docker,wifi,ipv6,own-name"):
            with self.subTest(extra=extra):
                self.assert_used("eth0, on pi1, pi2, pi3", self.run_model_with(extra))

    def test_wifi_beside_ethernet_carries_nothing(self):
        after = '"$@" && echo "wlan0 carried" $(cat /sys/class/net/wlan0/statistics/[rt]x_bytes)'
        for extra, network in (("wifi", "eth0, on pi1, pi2, pi3"),
                               ("other-wifi", "eth0,wlan0, on pi1; eth0, on pi2, pi3")):
            with self.subTest(extra=extra):
                done = self.run_model_with(extra, "sh", "-c", after, "sh")
                self.assert_used(network, done)
                carried = [int(count) for pair in re.findall(r"wlan0 carried (\d+) (\d+)", done.out) for count in pair]
                self.assertEqual(len(carried), 6, done)
                self.assertLess(sum(carried), 100_000, done)  # what mpirun's daemons say

    def test_the_user_may_choose_the_network(self):
        done = self.run_model_with("wifi", environment={"OMPI_MCA_btl_tcp_if_include": "wlan0"})
        self.assert_used("wlan0, wireless, on pi1, pi2, pi3", done)

    def test_a_start_in_vain_says_what_to_do(self):
        done = self.emulate("--quiet", "--extra", "docker", "--", PROGRAM, "--model", FACE / "face.h5", "--timeout", 1,
                            environment={"OMPI_MCA_btl_tcp_if_exclude": "lo"})
        self.assertEqual(done.code, RANK_FAILED, done)
        self.assert_says(done, "btl_tcp_if_exclude=lo leaves this host eth0 (10.77.0.0/24) and docker0 (172.17.0.0/16)")

    def test_the_doctor_finds_the_hosts_well(self):
        process = self.start("--quiet", "--hosts", 3, "--extra", "docker,own-name", "--", "sh", "-c", "echo runs; exec sleep 100")
        for _ in range(3):
            self.assertEqual(process.stdout.readline(), "runs\n")
        folder, agent = f"/run/vpinfer-{process.pid}", SOURCE / "jobs" / "emulated-host.sh"
        environment = [f"VPINFER_EMULATION={folder}", f"OMPI_MCA_plm_rsh_agent={agent}"]
        doctor = f"{SOURCE / 'jobs' / 'doctor.sh'} {folder}/hostfile --program {os.path.abspath(PROGRAM)}"
        out = self.assert_done(run(["/usr/bin/env", *environment, agent, "pi1", doctor]))
        self.assertIn("pi2: eth0;", out)
        self.assertIn("pi3: has docker0 besides", out)
        self.assertIn("all is well on 3 hosts, with 3 notes:", out)

    def test_two_at_once(self):
        both = [self.start("--quiet", "--hosts", 2, "--", PROGRAM, "--model", FACE / "face.h5", "--compare-single")
                for _ in range(2)]
        for process in both:
            out, err = process.communicate(timeout=60)
            done = Outcome(process.returncode, out, err)
            self.assertEqual(done.code, DONE, done)
            self.assertIn("PASS", done.out)

    def test_nothing_is_left_of_a_killed_one(self):
        # While it is built, while ranks start, and while they run.
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129),
                             (signal.SIGKILL, -signal.SIGKILL)):
            for seconds in (0.2, 0.8, None):
                with self.subTest(signal=number.name, seconds=seconds):
                    process = self.start("--quiet", "--hosts", 3, "--", "sh", "-c", "echo runs; exec sleep 100")
                    if seconds is None:
                        for _ in range(3):
                            self.assertEqual(process.stdout.readline(), "runs\n")
                        processes = [trace for trace in traces(process.pid) if trace.isdecimal()]
                        self.assertGreaterEqual(len(processes), 3 + 3)  # ranks, and mpirun with two daemons
                    else:
                        time.sleep(seconds)
                        processes = []
                    process.send_signal(number)
                    self.assertEqual(process.wait(PATIENCE_SECONDS), code)
                    self.assertTrue(eventually(lambda: not traces(process.pid)), traces(process.pid))
                    self.assertFalse(any(map(runs, processes)))
                    process.communicate(timeout=PATIENCE_SECONDS)  # nobody holds its output open


if __name__ == "__main__":
    unittest.main()
