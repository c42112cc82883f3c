//! Status words and siginfo fields: wrong, mixed up, or in the wrong unit.

use super::{Mutant, Told};
use crate::spec::{linux, posix};

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "status-raw-code",
        breaks: "the exit code is stored as it is, not shifted",
        clause: &posix::STATUS_EXIT_EVERY_VALUE,
        call: |w, r| {
            w.then(r, |seen| {
                seen.status(|word| {
                    if libc::WIFEXITED(*word) {
                        *word = libc::WEXITSTATUS(*word);
                    }
                })
            })
        },
    },
    Mutant {
        name: "exit-7bit",
        breaks: "exit codes lose their highest bit",
        clause: &posix::STATUS_EXIT_EVERY_VALUE,
        call: |w, r| {
            w.then(r, |seen| {
                seen.status(|word| {
                    if libc::WIFEXITED(*word) {
                        *word &= 0x7f00;
                    }
                });
                seen.info(|info| {
                    if info.code == Some(libc::CLD_EXITED.into()) {
                        info.status = info.status.map(|s| s & 0x7f);
                    }
                });
            })
        },
    },
    Mutant {
        name: "signal-is-exit",
        breaks: "a death by a signal looks like exit(128 + signal)",
        clause: &posix::STATUS_SIGNALED,
        call: |w, r| {
            w.then(r, |seen| {
                seen.status(|word| {
                    if libc::WIFSIGNALED(*word) {
                        *word = (128 + libc::WTERMSIG(*word)) << 8;
                    }
                })
            })
        },
    },
    Mutant {
        name: "realtime-lost",
        breaks: "a death by a real-time signal looks like exit(0)",
        clause: &posix::STATUS_SIGNALED_REALTIME,
        call: |w, r| {
            w.then(r, |seen| {
                seen.status(|word| {
                    if libc::WIFSIGNALED(*word) && libc::WTERMSIG(*word) >= 32 {
                        *word = 0;
                    }
                })
            })
        },
    },
    Mutant {
        name: "core-flag-set",
        breaks: "the core flag is set for every signal",
        clause: &posix::STATUS_CORE_NOT_FOR_TERM,
        call: |w, r| {
            w.then(r, |seen| {
                seen.status(|word| {
                    if libc::WIFSIGNALED(*word) {
                        *word |= 0x80;
                    }
                });
                seen.info(|info| {
                    if info.code == Some(libc::CLD_KILLED.into()) {
                        info.code = Some(libc::CLD_DUMPED.into());
                    }
                });
            })
        },
    },
    Mutant {
        name: "stop-signal-is-stop",
        breaks: "every stop is reported as by SIGSTOP",
        clause: &posix::STATUS_STOPPED_JOB_CONTROL,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.is_stop() {
                    seen.status(|word| *word = libc::SIGSTOP << 8 | 0x7f);
                    seen.info(|info| info.status = Some(libc::SIGSTOP.into()));
                }
            })
        },
    },
    Mutant {
        name: "continued-is-zero",
        breaks: "a continue stores 0, like exit(0)",
        clause: &posix::STATUS_CONTINUED,
        call: |w, r| {
            w.then(r, |seen| {
                if seen.is_continue() {
                    seen.status(|word| *word = 0);
                }
            })
        },
    },
    Mutant {
        name: "info-code-status-swapped",
        breaks: "si_code and si_status are swapped",
        clause: &posix::WAITID_EXITED,
        call: |w, r| w.then(r, |seen| seen.info(|info| std::mem::swap(&mut info.code, &mut info.status))),
    },
    Mutant {
        name: "info-signo-zero",
        breaks: "si_signo is not set",
        clause: &posix::WAITID_SI_SIGNO,
        call: |w, r| w.then(r, |seen| seen.info(|info| info.signo = Some(0))),
    },
    Mutant {
        name: "info-uid-wrong",
        breaks: "si_uid is one too high",
        clause: &posix::WAITID_SI_UID,
        call: |w, r| w.then(r, |seen| seen.info(|info| info.uid = info.uid.map(|u| u + 1))),
    },
    Mutant {
        name: "info-killed-is-zero",
        breaks: "si_status of a killed child is 0",
        clause: &posix::WAITID_KILLED,
        call: |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if info.code == Some(libc::CLD_KILLED.into()) {
                        info.status = Some(0);
                    }
                })
            })
        },
    },
    Mutant {
        name: "info-status-word",
        breaks: "si_status holds the status word rather than the exit code",
        clause: &posix::WAITID_EXITED,
        call: |w, r| {
            w.then(r, |seen| {
                seen.info(|info| {
                    if info.code == Some(libc::CLD_EXITED.into()) {
                        info.status = info.status.map(|s| s << 8);
                    }
                })
            })
        },
    },
    Mutant {
        name: "usage-zero",
        breaks: "the resource usage is all zeros",
        clause: &linux::RUSAGE_AT_LEAST_OWN,
        call: |w, r| {
            w.then(r, |seen| {
                seen.usage(|usage| {
                    let zero = Some(0);
                    usage.utime_us = zero;
                    usage.stime_us = zero;
                    usage.maxrss = zero;
                    usage.minflt = zero;
                    usage.nvcsw = zero;
                })
            })
        },
    },
    Mutant {
        name: "usage-times-swapped",
        breaks: "user and system time are swapped",
        clause: &linux::RUSAGE_CPU_SPLIT,
        call: |w, r| {
            w.then(r, |seen| seen.usage(|usage| std::mem::swap(&mut usage.utime_us, &mut usage.stime_us)))
        },
    },
    Mutant {
        name: "maxrss-bytes",
        breaks: "max RSS is given in bytes",
        clause: &linux::RUSAGE_MAXRSS_KILOBYTES,
        call: |w, r| w.then(r, |seen| seen.usage(|usage| usage.maxrss = usage.maxrss.map(|m| m * 1024))),
    },
    Mutant {
        name: "usage-adds-up",
        breaks: "the usage of earlier children is added to that of later ones",
        clause: &linux::RUSAGE_ISOLATED,
        call: |w, r| {
            w.then(r, |seen| {
                seen.usage(|usage| {
                    let sum = w.remembered() + usage.utime_us.unwrap_or(0);
                    w.remember(sum);
                    usage.utime_us = Some(sum);
                })
            })
        },
    },
];
