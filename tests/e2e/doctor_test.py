#!/usr/bin/python3
"""jobs/doctor.sh: every finding about hosts, here folders with programs that answer for them."""

import os
import shutil
import subprocess
import time
import unittest

from program import BAD_USAGE, DONE, ENVIRONMENT, PROGRAM, SOURCE, ProgramTest, run

DOCTOR = SOURCE / "jobs" / "doctor.sh"
TO_BE_MENDED, BAD_HOSTFILE = 1, 3

# What a host has besides the programs that answer for it.
TOOLS = ["awk", "bash", "cat", "dirname", "env", "grep", "head", "id", "ls", "mktemp", "rm", "sed", "sh", "sleep", "sort", "tail",
         "timeout", "touch", "tr"]

# The program is at one path on all hosts: every host's shell is in the host's folder.
VPINFER = "/proc/self/cwd/vpinfer"

# Runs a command on HOST, or fails as ssh does where the host's folder has a file ssh-says.
AGENT = """#!/bin/sh
echo "$*" >>{folder}/asked
while [ "$1" = -o ]; do shift 2; done
cd {folder}/"${{1##*@}}" || exit 255
shift
if [ -e ssh-says ]; then cat ssh-says >&2; exit 255; fi
echo "Welcome! name=nonsense"
PATH=$PWD/bin VPINFER_ROOT=$PWD SSH_CONNECTION="10.0.0.1 50000 10.0.0.2 22" exec /bin/sh -c "$*"
"""


class Hosts(ProgramTest):
    def setUp(self):
        super().setUp()
        for number in (1, 2, 3):
            self.add_host(f"pi{number}", f"10.0.0.{number}")
        self.agent("pi1/bin/ssh")
        self.hostfile("pi1 slots=1\npi2 slots=1\npi3 slots=1\n")

    def script(self, name, text):
        self.path(name).unlink(missing_ok=True)
        self.write(name, text).chmod(0o755)

    def agent(self, name):
        self.script(name, AGENT.format(folder=self.folder))

    def answer(self, host, program, text, code=0):
        self.script(f"{host}/bin/{program}", f"#!/bin/sh\ncat <<'END'\n{text}\nEND\nexit {code}\n")

    def vpinfer(self, host, text, code=0):
        self.script(f"{host}/vpinfer", f"#!/bin/sh\necho '{text}'\nexit {code}\n")

    def knows(self, host, **names):
        """What the host's getent tells."""
        lines = "".join(f"'ahosts {name}') echo '{address} STREAM {name}' ;;\n" for name, address in names.items())
        self.script(f"{host}/bin/getent", f'#!/bin/sh\ncase "$*" in\n{lines}*) exit 2 ;;\nesac\n')

    def interface(self, host, name, speed="", kind="", device=True, up=True):
        net = f"{host}/sys/class/net/{name}"
        self.write(f"{net}/flags", "0x1003\n" if up else "0x1002\n")
        self.write(f"{net}/type", "1\n")
        self.write(f"{net}/speed", f"{speed}\n")
        for folder in [kind] * bool(kind) + ["device"] * device:
            self.path(f"{net}/{folder}").mkdir()

    def add_host(self, host, address):
        (self.path(host) / "bin").mkdir(parents=True)
        for tool in TOOLS:
            self.path(f"{host}/bin/{tool}").symlink_to(shutil.which(tool, path="/usr/bin:/bin"))
        for program, text in (("hostname", host), ("uname", "aarch64"), ("getconf", "64"), ("nproc", "4"), ("orted", ""),
                              ("mpirun", "mpirun (Open MPI) 4.1.4\n\nReport bugs"),
                              ("ip", f"10.0.0.1 dev eth0 src {address} uid 0 \\    cache"),
                              ("vcgencmd", "throttled=0x0")):
            self.answer(host, program, text)
        if host == "pi1":
            self.answer(host, "ip", "2: eth0    inet 10.0.0.1/24 brd 10.0.0.255 scope global eth0")
        self.knows(host, **{"pi1": "10.0.0.1", "pi2": "10.0.0.2", "pi3": "10.0.0.3", host: "127.0.1.1"})
        self.vpinfer(host, "vpinfer 0.1.0 (abc)")
        self.interface(host, "lo")
        self.interface(host, "eth0", 1000)
        self.memory(host, 3000)
        self.governor(host, "ondemand")

    def memory(self, host, mebibytes):
        self.write(f"{host}/proc/meminfo", f"MemTotal: 4000000 kB\nMemAvailable: {mebibytes * 1024} kB\n")

    def governor(self, host, name):
        self.write(f"{host}/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", f"{name}\n")

    def hostfile(self, text):
        self.write("pis.txt", text)

    def doctor(self, *arguments, **environment):
        arguments = arguments or (self.path("pis.txt"), "--program", VPINFER)
        environment = {"PATH": self.path("pi1/bin"), "VPINFER_ROOT": self.path("pi1"), **environment}
        words = [f"{name}={value}" for name, value in environment.items()]
        return run(["/usr/bin/env", "-u", "OMPI_MCA_plm_rsh_agent", *words, DOCTOR, *arguments], cwd=self.path("pi1"))

    def findings(self, outcome):
        """The notes and the things to be mended."""
        self.assertEqual(outcome.err, "", outcome)
        lists = {"Notes:": [], "To be mended:": []}
        lines = []
        for line in outcome.out.splitlines():
            lines = lists.get(line, lines)
            if line.startswith("  ") and not line.startswith("   "):
                lines.append(line.strip())
        return lists["Notes:"], lists["To be mended:"]

    def assert_well(self, outcome):
        self.assertEqual(self.findings(outcome), ([], []), outcome)
        self.assertEqual(outcome.code, DONE, outcome)

    def assert_finding(self, outcome, lines, *fragments):
        self.assertEqual(len(lines), 1, outcome)
        for fragment in fragments:
            self.assertIn(fragment, lines[0], outcome)

    def assert_noted(self, *fragments, **environment):
        outcome = self.doctor(**environment)
        notes, errors = self.findings(outcome)
        self.assertEqual((outcome.code, errors), (DONE, []), outcome)
        self.assert_finding(outcome, notes, *fragments)
        self.assertIn("with 1 note", outcome.out)

    def assert_to_be_mended(self, *fragments, arguments=()):
        outcome = self.doctor(*arguments)
        notes, errors = self.findings(outcome)
        self.assertEqual((outcome.code, notes), (TO_BE_MENDED, []), outcome)
        self.assert_finding(outcome, errors, *fragments)
        self.assertRegex(outcome.out.splitlines()[-1], r"^[23] of 3 hosts ready; 1 thing to be mended$")
        self.assertNotIn("--hostfile", outcome.out)


class Well(Hosts):
    def test_all_is_well(self):
        outcome = self.doctor()
        self.assert_well(outcome)
        self.assertIn("pi1: this host; 64-bit ARM, 4 cores; 3000 of 3906 MiB free; governor ondemand\n", outcome.out)
        self.assertIn("pi2: eth0 at 1000 Mbit/s; 64-bit ARM", outcome.out)
        self.assertIn("all is well on 3 hosts:\n", outcome.out)
        self.assertIn(f"mpirun -np 3 --map-by node --hostfile {self.path('pis.txt')} {VPINFER} --model", outcome.out)

    def test_ssh_asks_nothing(self):
        self.doctor()
        asked = sorted(self.path("asked").read_text().splitlines())
        self.assertEqual(asked, [f"-o BatchMode=yes -o ConnectTimeout=5 {host} sh -s" for host in ("pi2", "pi3")])

    def test_the_agent_of_mpirun_is_taken(self):
        self.agent("reach")
        self.assert_well(self.doctor(OMPI_MCA_plm_rsh_agent=f"no-such-agent -x : {self.path('reach')}"))
        self.assertEqual(sorted(self.path("asked").read_text().splitlines()), ["pi2 sh -s", "pi3 sh -s"])

    def test_hostfiles_of_open_mpi(self):
        self.hostfile("# mine\n\n  pi1 slots = 1 max_slots=2 # here\nme@pi2\npi3 slots=4\npi3\nlocalhost")
        outcome = self.doctor()
        self.assert_well(outcome)
        self.assertEqual(outcome.out.count("pi3:"), 1, outcome)
        self.assertEqual(outcome.out.count("this host"), 1, outcome)

    def test_this_host_by_its_address(self):
        self.hostfile("10.0.0.1\npi2\n")
        self.knows("pi1", pi1="127.0.1.1", pi2="10.0.0.2", **{"10.0.0.1": "10.0.0.1"})
        self.assert_well(self.doctor())

    def test_the_program_itself(self):
        for host in ("pi1", "pi2", "pi3"):
            self.script(f"{host}/vpinfer", f'#!/bin/sh\nexec {os.path.abspath(PROGRAM)} "$@"\n')
        self.assert_well(self.doctor())

    def test_hosts_are_asked_at_once(self):
        for host in ("pi2", "pi3"):
            self.script(f"{host}/bin/nproc", "#!/bin/sh\nsleep 4\necho 4\n")
        start = time.monotonic()
        self.assert_well(self.doctor())
        self.assertLess(time.monotonic() - start, 7.9)


class ToBeMended(Hosts):
    def test_ways_in_which_ssh_fails(self):
        for says, fragments in (
                ("Host key verification failed.", ["does not know its host key", "ssh pi3"]),
                ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                 ["ssh-keygen -R pi3"]),
                ("me@pi3: Permission denied (publickey,password).", ["without a password", "ssh-copy-id pi3"]),
                ("ssh: Could not resolve hostname pi3: Name or service not known", ["no address", "/etc/hosts"]),
                ("ssh: connect to host pi3 port 22: Connection refused", ["takes no ssh", "systemctl"]),
                ("ssh: connect to host pi3 port 22: Connection timed out", ["does not answer", "is on"]),
                ("ssh: connect to host pi3 port 22: No route to host", ["does not answer"]),
                ("kex_exchange_identification: banner", ["fails with kex_exchange_identification: banner"])):
            with self.subTest(says=says):
                self.write("pi3/ssh-says", says + "\n")
                self.assert_to_be_mended("pi3: ", *fragments)

    def test_an_agent_that_says_nothing(self):
        self.write("pi3/ssh-says", "")
        self.assert_to_be_mended("pi3: ssh fails with exit code 255")

    def test_a_host_that_does_not_end(self):
        self.script("pi1/bin/timeout", '#!/bin/sh\ncase "$*" in *pi3*) exit 124 ;; esac\nshift\nexec "$@"\n')
        self.assert_to_be_mended("pi3: did not answer within 20 s", "ssh pi3")

    def test_vpinfer_of_another_version(self):
        self.vpinfer("pi3", "vpinfer 0.1.0 (def)")
        self.assert_to_be_mended("pi3: vpinfer is 0.1.0 (def), here 0.1.0 (abc): put the one from here there")

    def test_vpinfer_is_missing(self):
        self.path("pi2/vpinfer").unlink()
        self.assert_to_be_mended(f"pi2: {VPINFER} is missing: put")

    def test_vpinfer_is_missing_here(self):
        self.path("pi1/vpinfer").unlink()
        self.assert_to_be_mended(f"pi1: {VPINFER} is missing: give the path of vpinfer with --program")

    def test_vpinfer_does_not_start(self):
        failure = "vpinfer: error while loading shared libraries: libhdf5.so: cannot open shared object file"
        self.vpinfer("pi2", failure, 127)
        self.assert_to_be_mended("pi2: vpinfer does not start", failure, "jobs/install-packages.sh run")
        self.vpinfer("pi2", "Illegal instruction", 132)
        self.assert_to_be_mended("pi2: vpinfer does not start: Illegal instruction: put")
        self.vpinfer("pi2", "vpinfer 0.1.0 (abc)")
        self.vpinfer("pi1", "bad", 1)
        self.assert_to_be_mended("pi1: vpinfer does not start: bad: build or install it anew")

    def test_the_program_of_the_source_tree_comes_by_setup_pis(self):
        tree = self.path("tree")
        shutil.copytree(SOURCE / "jobs", tree / "jobs")
        (tree / "build/release").mkdir(parents=True)
        self.script("tree/build/release/vpinfer", '#!/bin/sh\nif [ -e old ]; then echo vpinfer 0; else echo vpinfer 1; fi\n')
        self.write("pi2/old", "")
        words = ["PATH=" + str(self.path("pi1/bin")), f"VPINFER_ROOT={self.path('pi1')}"]
        outcome = run(["/usr/bin/env", *words, tree / "jobs/doctor.sh", "../pis.txt"], cwd=self.path("pi1"))
        self.assertEqual(outcome.code, TO_BE_MENDED, outcome)
        self.assertEqual(self.findings(outcome), ([], ["pi2: vpinfer is 0, here 1: run jobs/setup-pis.sh ../pis.txt"]))

    def test_another_open_mpi(self):
        self.answer("pi2", "mpirun", "mpirun (Open MPI) 4.1.5")
        self.assert_to_be_mended("pi2: Open MPI is 4.1.5, here 4.1.4: install")

    def test_open_mpi_by_ompi_info(self):
        self.path("pi2/bin/mpirun").unlink()
        self.answer("pi2", "ompi_info", "Open MPI v4.1.4\n\nhttp://www.open-mpi.org/community/help/")
        self.assert_well(self.doctor())

    def test_no_open_mpi(self):
        self.path("pi3/bin/orted").unlink()
        self.assert_to_be_mended("pi3: Open MPI is missing", "jobs/install-packages.sh run")

    def test_an_mpi_that_is_another(self):
        self.answer("pi2", "mpirun", "HYDRA build details:")
        self.assert_to_be_mended("pi2: mpirun is not Open MPI's but HYDRA build details:", "update-alternatives")

    def test_kinds_of_processors(self):
        for machine, bits, name in (("aarch64", 32, "32-bit ARM (aarch64)"), ("armv7l", 32, "32-bit ARM (armv7l)"),
                                    ("x86_64", 64, "64-bit x86 (x86_64)"), ("riscv64", 64, "64-bit riscv64")):
            with self.subTest(machine=machine, bits=bits):
                self.answer("pi3", "uname", machine)
                self.answer("pi3", "getconf", bits)
                self.vpinfer("pi3", "Exec format error", 126)  # told once
                self.assert_to_be_mended(f"pi3: is {name}", "here 64-bit ARM (aarch64)", "install the same system")

    def test_each_finding_has_its_line(self):
        self.vpinfer("pi2", "vpinfer 0.1.0 (def)")
        self.answer("pi2", "mpirun", "mpirun (Open MPI) 4.1.5")
        self.write("pi3/ssh-says", "Host key verification failed.\n")
        outcome = self.doctor()
        self.assertEqual([line[:4] for line in self.findings(outcome)[1]], ["pi2:", "pi2:", "pi3:"], outcome)
        self.assertEqual(outcome.out.splitlines()[-1], "1 of 3 hosts ready; 3 things to be mended")


class Notes(Hosts):
    def test_names(self):
        all_names = {"pi1": "10.0.0.1", "pi2": "10.0.0.2", "pi3": "10.0.0.3"}

        def without(name):
            return {other: address for other, address in all_names.items() if other != name}

        for host, names, fragments in (
                ("pi2", without("pi2"), ["pi2: does not know its own name", "127.0.1.1 pi2"]),
                ("pi2", without("pi1"), ["pi2: does not know this host's name, pi1", "/etc/hosts there"]),
                ("pi2", all_names | {"pi1": "127.0.1.1"}, ["pi2: takes pi1", "for itself (127.0.1.1)"]),
                ("pi1", without("pi3"), ["pi3: its name has no address here", "/etc/hosts here"]),
                ("pi1", without("pi1"), ["pi1: does not know its own name"])):
            with self.subTest(fragments=fragments):
                self.knows(host, **names)
                self.assert_noted(*fragments)
                self.knows(host, **all_names)

    def test_a_host_that_calls_itself_otherwise(self):
        self.answer("pi3", "hostname", "raspberrypi")
        self.knows("pi3", pi1="10.0.0.1", raspberrypi="127.0.1.1")
        self.assert_noted("pi3: calls itself raspberrypi", "no address here")
        self.knows("pi1", pi1="127.0.1.1", pi2="10.0.0.2", pi3="10.0.0.3", raspberrypi="10.0.0.3")
        self.assert_well(self.doctor())

    def test_two_of_one_name(self):
        self.answer("pi3", "hostname", "pi2")
        self.assert_noted("pi3: is called pi2, as pi2 is", "hostnamectl set-hostname pi3")

    def test_this_host_in_the_hostfile(self):
        self.hostfile("pi2\npi3\n")
        self.assert_noted("pi1: this host is not in")
        self.hostfile("pi2\npi1\n")
        self.assert_noted("pi1: is not the first host", "pi2 will be rank 0")

    def test_wireless(self):
        self.answer("pi2", "ip", "10.0.0.1 dev wlan0 src 10.0.0.2")
        self.interface("pi2", "wlan0", -1, "wireless")
        self.assert_noted("pi2: wlan0, which leads here, is wireless", "cable")

    def test_a_slower_cable(self):
        self.write("pi3/sys/class/net/eth0/speed", "100\n")
        self.assert_noted("pi3: eth0 runs at 100 Mbit/s, others at 1000", "cable")

    def test_a_tunnel_that_leads_here(self):
        self.answer("pi2", "ip", "10.0.0.1 dev wg0 src 10.0.0.2")
        self.interface("pi2", "wg0", device=False)
        self.write("pi2/sys/class/net/wg0/type", "65534\n")
        self.assert_noted("pi2: wg0, which leads here, is a tunnel")

    def test_a_bridge_that_leads_here(self):
        self.answer("pi2", "ip", "10.0.0.1 dev br0 src 10.0.0.2")
        self.interface("pi2", "br0", kind="bridge", device=False)
        self.assert_noted("pi2: br0, which leads here, is a bridge")
        self.path("pi2/sys/class/net/br0/brif/eth0/device").mkdir(parents=True)  # that of a network card
        outcome = self.doctor()
        self.assert_well(outcome)
        self.assertIn("pi2: br0; 64-bit ARM", outcome.out)

    def test_other_networks(self):
        self.interface("pi2", "docker0", kind="bridge", device=False)
        self.interface("pi2", "tun0", kind="tun_flags", device=False)
        self.interface("pi2", "tun1", kind="tun_flags", device=False, up=False)
        self.interface("pi2", "wlan0", kind="wireless")
        self.assert_noted("pi2: has docker0, tun0 besides", "by itself")

    def test_memory_and_clock(self):
        self.memory("pi2", 100)
        self.assert_noted("pi2: has 100 MiB of memory left")
        self.memory("pi2", 1000)
        self.governor("pi2", "powersave")
        self.assert_noted("pi2: its clock stays low", "scaling_governor")

    def test_low_voltage_that_slows_the_clock_is_no_heat(self):
        self.answer("pi2", "vcgencmd", "throttled=0x50005")
        self.assert_noted("pi2: has too low a voltage now", ": use")

    def test_throttled(self):
        for bits, fragment in (("0x1", "has too low a voltage now"), ("0x10000", "had too low a voltage"),
                               ("0x8", "clocks itself down now"), ("0x40000", "has clocked itself down since")):
            with self.subTest(bits=bits):
                self.answer("pi2", "vcgencmd", f"throttled={bits}")
                self.assert_noted(f"pi2: {fragment}", ": use" if "voltage" in fragment else "fan")


class Arguments(Hosts):
    def test_help(self):
        self.assertIn("--program", self.assert_done(self.doctor("--help")))

    def test_bad_ones_are_refused_in_a_line(self):
        for arguments, fragments in (
                ([""], ["HOSTFILE is empty"]),
                (["--program", "x"], ["HOSTFILE is missing", "--help"]),
                (["a", "b"], ["'b' is too much"]),
                (["--bogus", "a"], ["--bogus", "--help"]),
                (["a", "--program"], ["--program needs a value"])):
            with self.subTest(arguments=arguments):
                self.assert_refused(self.doctor(*arguments), BAD_USAGE, *fragments)

    def test_ssh_is_needed(self):
        self.path("pi1/bin/ssh").unlink()
        self.assert_refused(self.doctor(), BAD_USAGE, "needs ssh", "apt install openssh-client")

    def test_bad_hostfiles_are_refused_in_a_line(self):
        self.assert_refused(self.doctor("nothing.txt"), BAD_HOSTFILE, "nothing.txt: there is no such file")
        self.assert_refused(self.doctor("."), BAD_HOSTFILE, "folder")
        for text, fragments in (("", ["has no hosts", "hostfile.example"]),
                                ("# pi1\n\n", ["has no hosts"]),
                                ("pi1\r\n", [":1:", "Windows", "sed"]),
                                ("pi1\npi2 4\n", [":2: '4' is not like slots=1"]),
                                ("pi1 slots=x\n", [":1: 'slots=x'", "number"]),
                                ("-oProxyCommand=x\n", ["is not the name of a host"])):
            with self.subTest(text=text):
                self.hostfile(text)
                self.assert_refused(self.doctor(), BAD_HOSTFILE, "pis.txt", *fragments)
        self.assertFalse(self.path("asked").exists())

    def test_nothing_is_left_of_one_that_is_stopped(self):
        self.script("pi2/bin/nproc", "#!/bin/sh\nexec sleep 15\n")
        environment = ENVIRONMENT | {"PATH": str(self.path("pi1/bin")), "TMPDIR": str(self.folder / "tmp")}
        self.path("tmp").mkdir()
        process = subprocess.Popen([DOCTOR, self.path("pis.txt"), "--program", VPINFER], cwd=self.path("pi1"),
                                   env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        process.terminate()
        process.communicate(timeout=10)  # nobody holds its output open
        self.assertEqual(process.returncode, 143)
        self.assertEqual(list(self.path("tmp").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
