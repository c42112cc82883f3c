//! The contracts of known programs.

use super::{Contract, Row};

const fn row(key: &'static str, value: &'static str, source: &'static str) -> Row {
    Row { key, value, source }
}

/// The contract of an unknown program: POSIX alone.
pub static POSIX: Contract = Contract { name: "posix", rows: &[] };

/// The contract of this crate's own wrapper.
pub static OWN: Contract = Contract {
    name: "waitspec",
    rows: &[
        row("wrapper/signal-code", "128+n", "waitspec, subject::wrapper"),
        row("wrapper/leaves-nothing", "yes", "waitspec, subject::wrapper"),
        row("wrapper/forwards", "TERM USR1", "waitspec, subject::wrapper"),
        row("wrapper/ignores-hangup", "yes", "waitspec, subject::wrapper"),
        row("wrapper/command-signals", "yes", "waitspec, subject::wrapper"),
        row("wrapper/inherits", "all but ignored:SIGHUP", "waitspec, subject::wrapper"),
        row("wrapper/exits-with-command", "yes", "waitspec, subject::wrapper"),
        row("wrapper/idle", "yes", "waitspec, subject::wrapper"),
        row("timeout/expired", "124", "waitspec, subject::wrapper"),
        row("timeout/passes", "yes", "waitspec, subject::wrapper"),
        row("timeout/killed", "137", "waitspec, subject::wrapper"),
        row("timeout/continues", "yes", "waitspec, subject::wrapper"),
        row("timeout/kills-later", "137", "waitspec, subject::wrapper"),
        row("timeout/preserves", "yes", "waitspec, subject::wrapper"),
    ],
};

/// The contract of this crate's own `time`.
pub static OWN_TIME: Contract = Contract {
    name: "waitspec-time",
    rows: &[
        row("wrapper/signal-code", "128+n", "waitspec, subject::timing"),
        row("wrapper/command-signals", "yes", "waitspec, subject::timing"),
        row("wrapper/inherits", "all", "waitspec, subject::timing"),
        row("wrapper/idle", "yes", "waitspec, subject::timing"),
        row("time/counts-descendants", "yes", "waitspec, subject::timing"),
        row("time/peak", "KiB", "waitspec, subject::timing"),
        row("time/faults", "yes", "waitspec, subject::timing"),
        row("time/switches", "yes", "waitspec, subject::timing"),
        row("time/prints-status", "yes", "waitspec, subject::timing"),
    ],
};

/// The contract of this crate's own init.
pub static OWN_INIT: Contract = Contract {
    name: "waitspec-init",
    rows: &[
        row("wrapper/signal-code", "128+n", "waitspec, subject::init"),
        row("wrapper/command-signals", "yes", "waitspec, subject::init"),
        row("wrapper/inherits", "all", "waitspec, subject::init"),
        row("wrapper/not-found", "127", "waitspec, subject::init"),
        row("wrapper/not-executable", "126", "waitspec, subject::init"),
        row("init/reaps", "yes", "waitspec, subject::init"),
        row("init/exits-with-main", "yes", "waitspec, subject::init"),
        row("init/outlives-orphans", "yes", "waitspec, subject::init"),
        row("init/forwards", "all", "waitspec, subject::init"),
        row("init/idle", "yes", "waitspec, subject::init"),
        row("init/size", "yes", "waitspec, subject::init"),
        row("init/inherited-signals", "yes", "waitspec, subject::init"),
    ],
};

/// The contract of this crate's own supervisor.
pub static OWN_SUPERVISOR: Contract = Contract {
    name: "waitspec-supervisor",
    rows: &[
        row("init/reaps", "yes", "waitspec, subject::init"),
        row("init/outlives-orphans", "yes", "waitspec, subject::init"),
        row("init/idle", "yes", "waitspec, subject::init"),
        row("init/size", "yes", "waitspec, subject::init"),
        row("init/restarts", "yes", "waitspec, subject::init"),
    ],
};

/// The contract of this crate's own shell-like program.
pub static OWN_SHELL: Contract = Contract {
    name: "waitspec-shell",
    rows: &[row("wrapper/signal-code", "128+n", "waitspec, subject::shell")],
};

const XARGS: &str = "xargs(1) of findutils 4.9.0, EXIT STATUS";
const TIMEOUT: &str = "timeout(1) of coreutils 9.1, EXIT status";
const TINI: &str = "README of tini 0.19.0, Understanding Tini";
const DUMB_INIT: &str = "README of dumb-init 1.2.5, What dumb-init does";
const CATATONIT: &str = "README of catatonit 0.1.7, Usage: if it is not pid1, it is a subreaper";
const CATATONIT_SIGNALS: &str =
    "README of catatonit 0.1.7, Usage, -g: otherwise a signal is forwarded to the process spawned";
const DOCKER_INIT: &str = "docker-run(1) 20.10.24, --init: forwards signals and reaps processes";
const SU: &str = "su(1) of util-linux 2.38.1, EXIT STATUS";
const QEMU: &str = "user mode emulation of qemu 7.2: no exit code of its own";
const OCI: &str = "OCI runtime specification 1.0.0, config.md and config-linux.md";
const BUSYBOX_INIT: &str = "busybox(1) 1.35.0, init: it respawns children, and never exits";
const STRACE: &str = "strace(1) 6.1, DIAGNOSTICS: none for a command that cannot be run";
const FLOCK: &str = "flock(1) of util-linux 2.38.1, EXIT STATUS: a value of sysexits.h";
const BUSYBOX_TIME: &str = "the words that time -v of busybox 1.35.0 prints";
const POSIX_XARGS: &str = "POSIX.1-2024 xargs, EXIT STATUS";

/// What a utility does about a signal is what it was started with, and an exec keeps that.
const INHERITED: Row = row(
    "wrapper/command-signals",
    "yes",
    "POSIX.1-2024 XCU 1.4, ASYNCHRONOUS EVENTS: by default; exec, DESCRIPTION",
);

/// What an exec passes on.
const EXEC: &str = "POSIX.1-2024 exec, DESCRIPTION: attributes that the new process image inherits";
const INHERITS: Row = row("wrapper/inherits", "all", EXEC);

/// A bundle whose container runs the command in its own mount namespace, with everything visible in it.
const CONFIG: Row = row(
    "file:config.json",
    r#"{"ociVersion":"1.0.0","process":{"terminal":false,"user":{"uid":0,"gid":0},"args":["/bin/sh","-c","exec {child}"],"env":["PATH=/usr/bin:/bin"],"cwd":"{folder}"},"root":{"path":"rootfs"},"mounts":[],"linux":{"namespaces":[{"type":"mount"}]}}"#,
    OCI,
);
const ROOT: Row = row("file:rootfs/.keep", "\\n", OCI);

/// The known programs.
pub static CONTRACTS: &[&Contract] = &[
    &POSIX,
    &OWN,
    &OWN_TIME,
    &OWN_INIT,
    &OWN_SUPERVISOR,
    &OWN_SHELL,
    &Contract { name: "env", rows: &[INHERITED, INHERITS] },
    &Contract { name: "nice", rows: &[INHERITED, row("wrapper/inherits", "all but nice", EXEC)] },
    &Contract {
        name: "nohup",
        rows: &[
            row("wrapper/inherits", "all but ignored:SIGHUP", EXEC),
            row(
                "wrapper/ignores-hangup",
                "yes",
                "POSIX.1-2024 nohup, DESCRIPTION; nohup(1) of coreutils 9.1",
            ),
            row(
                "wrapper/command-signals",
                "yes",
                "POSIX.1-2024 nohup, ASYNCHRONOUS EVENTS: standard action except for SIGHUP",
            ),
        ],
    },
    &Contract { name: "stdbuf", rows: &[row("wrapper/inherits", "all but environment", EXEC)] },
    &Contract { name: "chroot", rows: &[row("wrapper/inherits", "all but cwd", EXEC)] },
    &Contract {
        name: "sh",
        rows: &[row(
            "wrapper/leaves-nothing",
            "yes",
            "POSIX.1-2024 XCU 2.9.3: the shell waits for a foreground command",
        )],
    },
    &Contract {
        name: "bash",
        rows: &[
            row("wrapper/leaves-nothing", "yes", "bash(1) 5.2, Lists: the shell waits for each command"),
            row("wrapper/signal-code", "128+n", "bash(1) 5.2, EXIT STATUS"),
        ],
    },
    &Contract { name: "dash", rows: &[] },
    &Contract { name: "mksh", rows: &[row("wrapper/signal-code", "128+n", "mksh(1) R59c, Parameters, $?")] },
    &Contract {
        name: "ksh93",
        rows: &[row("wrapper/signal-code", "256+n", "ksh93(1) of ksh93u+m 1.0.4, Commands")],
    },
    &Contract {
        name: "zsh",
        rows: &[row("wrapper/signal-code", "128+n", "zshmisc(1) of zsh 5.9, SIMPLE COMMANDS & PIPELINES")],
    },
    &Contract {
        name: "yash",
        rows: &[row("wrapper/signal-code", "384+n", "yash(1) 2.52, Execution of simple commands")],
    },
    &Contract {
        name: "posh",
        rows: &[row("wrapper/signal-code", "128+n", "posh(1) 0.14.1, Parameters, $?")],
    },
    &Contract { name: "busybox-ash", rows: &[] },
    &Contract {
        name: "timeout",
        rows: &[
            row("timeout/expired", "124", TIMEOUT),
            row("timeout/passes", "yes", "timeout(1) of coreutils 9.1, DESCRIPTION: after DURATION"),
            row("timeout/killed", "137", TIMEOUT),
            row(
                "timeout/continues",
                "yes",
                "POSIX.1-2024 timeout, DESCRIPTION; coreutils 9.1, timeout invocation, --foreground",
            ),
            row("timeout/kills-later", "137", "timeout(1) of coreutils 9.1, --kill-after and EXIT status"),
            row("timeout/preserves", "yes", TIMEOUT),
            row("wrapper/leaves-nothing", "yes", TIMEOUT),
            row("wrapper/inherits", "all but pgid", EXEC),
        ],
    },
    &Contract {
        name: "setsid",
        rows: &[
            row("wrapper/leaves-nothing", "yes", "setsid(1) of util-linux 2.38.1, --wait"),
            row("wrapper/inherits", "all but sid pgid", EXEC),
        ],
    },
    &Contract {
        name: "flock",
        rows: &[
            row("wrapper/not-found", "64-78", FLOCK),
            row("wrapper/not-executable", "64-78", FLOCK),
            row(
                "wrapper/leaves-nothing",
                "yes",
                "flock(1) of util-linux 2.38.1, DESCRIPTION: the lock is wrapped around the execution of the command",
            ),
        ],
    },
    &Contract {
        name: "xargs",
        rows: &[
            row("wrapper/exit-codes", "0:0 1-125:123 255:124", XARGS),
            row("wrapper/signal-code", "125", XARGS),
            row("wrapper/leaves-nothing", "yes", XARGS),
            INHERITED,
            INHERITS,
        ],
    },
    &Contract {
        name: "script",
        rows: &[row("wrapper/signal-code", "128+n", "script(1) of util-linux 2.38.1, --return")],
    },
    &Contract {
        name: "unshare",
        rows: &[row("wrapper/leaves-nothing", "yes", "unshare(1) of util-linux 2.38.1, --fork")],
    },
    &Contract {
        name: "strace",
        rows: &[
            row("wrapper/signal-code", "same", "strace(1) 6.1, DIAGNOSTICS"),
            row("wrapper/not-found", "open", STRACE),
            row("wrapper/not-executable", "open", STRACE),
        ],
    },
    &Contract { name: "valgrind", rows: &[] },
    &Contract {
        name: "sudo",
        rows: &[
            row("wrapper/signal-code", "same", "sudo(8) 1.9.13, EXIT VALUE"),
            row("wrapper/not-found", "1", "sudo(8) 1.9.13, EXIT VALUE"),
            row("wrapper/not-executable", "1", "sudo(8) 1.9.13, EXIT VALUE"),
        ],
    },
    &Contract {
        name: "su",
        rows: &[
            row("wrapper/signal-code", "128+n", SU),
            row("wrapper/not-found", "127", SU),
            row("wrapper/not-executable", "126", SU),
        ],
    },
    &Contract {
        name: "qemu-x86_64-static",
        rows: &[row("wrapper/not-found", "open", QEMU), row("wrapper/not-executable", "open", QEMU)],
    },
    &Contract { name: "crun", rows: &[CONFIG, ROOT] },
    &Contract { name: "runc", rows: &[CONFIG, ROOT] },
    &Contract { name: "conmon", rows: &[CONFIG, ROOT] },
    &Contract { name: "busybox-env", rows: &[INHERITED, INHERITS] },
    &Contract { name: "busybox-timeout", rows: &[] },
    &Contract {
        name: "busybox-xargs",
        rows: &[
            INHERITED,
            INHERITS,
            row("wrapper/exit-codes", "0:0 1-255:1-125", POSIX_XARGS),
            row("wrapper/signal-code", "1-125", POSIX_XARGS),
        ],
    },
    &Contract {
        name: "time",
        rows: &[
            row("wrapper/signal-code", "128+n", "time(1) of GNU time 1.9, DIAGNOSTICS"),
            row("time/peak", "KiB", "time(1) of GNU time 1.9, %M"),
            row("time/faults", "yes", "time(1) of GNU time 1.9, %F and %R"),
            row("time/switches", "yes", "time(1) of GNU time 1.9, %w and %c"),
            row("time/prints-status", "yes", "time(1) of GNU time 1.9, %x"),
            INHERITED,
            INHERITS,
            row(
                "time/counts-descendants",
                "yes",
                "POSIX.1-2024 time, DESCRIPTION: the sum of tms_utime and tms_cutime",
            ),
        ],
    },
    &Contract {
        name: "busybox-time",
        rows: &[
            INHERITED,
            INHERITS,
            row("time/peak", "KiB", BUSYBOX_TIME),
            row("time/faults", "yes", BUSYBOX_TIME),
            row("time/switches", "yes", BUSYBOX_TIME),
        ],
    },
    &Contract {
        name: "tini",
        rows: &[
            row("init/reaps", "yes", TINI),
            row("init/exits-with-main", "yes", TINI),
            row(
                "init/outlives-orphans",
                "yes",
                "README of tini 0.19.0: it waits for its single child to exit, all the while reaping zombies",
            ),
            row("init/forwards", "all", TINI),
        ],
    },
    &Contract {
        name: "dumb-init",
        rows: &[
            row("init/reaps", "yes", "README of dumb-init 1.2.5, Why you need an init system"),
            row("init/exits-with-main", "yes", DUMB_INIT),
            row(
                "init/forwards",
                "all",
                "README of dumb-init 1.2.5, What dumb-init does: all received signals",
            ),
        ],
    },
    &Contract {
        name: "catatonit",
        rows: &[row("init/reaps", "yes", CATATONIT), row("init/forwards", "all", CATATONIT_SIGNALS)],
    },
    &Contract {
        name: "docker-init",
        rows: &[row("init/reaps", "yes", DOCKER_INIT), row("init/forwards", "all", DOCKER_INIT)],
    },
    &Contract {
        name: "runsvdir",
        rows: &[
            row("init/restarts", "yes", "runsv(8) of runit 2.1.2, DESCRIPTION"),
            row(
                "file:service/child/run",
                "#!/bin/sh\\nexec {child}\\n",
                "runsv(8) of runit 2.1.2, DESCRIPTION",
            ),
        ],
    },
    &Contract {
        name: "s6-svscan",
        rows: &[
            row("init/restarts", "yes", "s6 2.11.3, doc/s6-supervise.html, Interface"),
            row("init/reaps", "yes", "s6 2.11.3, doc/s6-svscan.html, The reaper"),
            row("init/outlives-orphans", "yes", "s6 2.11.3, doc/s6-svscan.html, Interface: it never dies"),
            row("init/idle", "yes", "s6 2.11.3, doc/s6-svscan.html, Notes: it never polls"),
            row("file:service/child/run", "#!/bin/sh\\nexec {child}\\n", "s6 2.11.3, doc/servicedir.html"),
        ],
    },
    &Contract {
        name: "busybox-init",
        rows: &[
            row("init/restarts", "yes", BUSYBOX_INIT),
            row("init/outlives-orphans", "yes", BUSYBOX_INIT),
            row("file:etc/inittab", "::respawn:{child}\\n", "examples/inittab of busybox 1.35.0"),
        ],
    },
    &Contract {
        name: "supervisord",
        rows: &[
            row("init/restarts", "yes", "supervisord(1) 4.2.5, Process States"),
            row(
                "file:supervisord.conf",
                "[supervisord]\\nnodaemon=true\\nuser=root\\nlogfile=/dev/null\\nlogfile_maxbytes=0\\npidfile={folder}/pid\\n[program:child]\\ncommand={child}\\nautorestart=true\\nstartsecs=0\\nstdout_logfile=NONE\\nstderr_logfile=NONE\\n",
                "supervisor 4.2.5, Configuration File",
            ),
        ],
    },
];
