"""One of the programs that scripts/bench-peers compares: posix_spawn and os.wait4. `peer.py reap|poll N PROGRAM` prints nanoseconds."""

import os
import signal
import sys
import time


def main(work, n, program):
    n = int(n)
    if work == "reap":
        began = time.monotonic_ns()
        for _ in range(n):
            pid = os.posix_spawnp(program, [program], os.environ)
            assert os.wait4(pid, 0)[1] == 0
        print(time.monotonic_ns() - began)
        return
    pid = os.posix_spawnp("sleep", ["sleep", "1000"], os.environ)
    began = time.monotonic_ns()
    for _ in range(n):
        assert os.wait4(pid, os.WNOHANG)[0] == 0
    print(time.monotonic_ns() - began)
    os.kill(pid, signal.SIGKILL)
    os.wait4(pid, 0)


main(*sys.argv[1:])
