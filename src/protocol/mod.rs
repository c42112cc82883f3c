//! The protocol: one language for driver, warden, agents and children.
//!
//! # Lines
//!
//! ```text
//! line  = word *( SP key "=" value ) LF          at most 65,536 bytes
//! word  = 1*( a-z 0-9 _ - )                      key likewise, and "."
//! value = bytes; all but  ! to ~  and  % ,  are written %XX; a list joins values with ","
//! ```
//!
//! A request carries `id=N`; its reply is exactly one line with the same `id`: `ok`, `err errno=NAME`, or
//! `unsupported why=TEXT` (or `malformed why=TEXT`, see below). What has a name travels by name (`WNOHANG`, `SIGTERM`, `ECHILD`, `P_PID`, `CLD_EXITED`:
//! the numbers differ between systems); any other number travels raw (`0x40000000`, `-7`, `SIG37`).
//! A number in a reply is one of the agent's system: the driver reads it by `os=` and `arch=` of `hello`.
//! Unknown keys are ignored, unknown requests are answered `unsupported`. A malformed request (a key is
//! missing, a value is of another kind) is answered `malformed why=TEXT`: it is an error of whoever sent it.
//!
//! # Agent
//!
//! This page is about the interface `calls`; an agent of process handles ([`handle`]) says `interface=handle` in its `hello`.
//!
//! An agent reads requests on standard input and writes replies on standard output; standard error is kept and shown
//! with a failure. It begins with
//!
//! ```text
//! hello protocol=1 name=NAME version=V issues=URL os=OS libc=L arch=A pid=N calls=waitpid,wait4 [threads=yes] [raw=yes] [pointers=all] [retries=eintr] [selectors=pid] [ignored=SIGCHLD] [release=R]
//! ```
//!
//! (`OS` is `linux`, `freebsd`, `netbsd`, `openbsd`, `dragonfly`, `macos` or `illumos`) and then serves these, one at a
//! time; once its input ends it exits. `raw=yes`: its calls go directly to the kernel, so that bad
//! pointers can be judged. `pointers=all`: it knows the pointers `read-only`, `misaligned`, `page-end` and `across`. `retries=eintr`: a call interrupted by a signal is restarted before the interruption is seen.
//! `selectors=`: which children a call can select, of `pid`, `any` and `group` (all of them if the key is missing); where there is only one
//! child, a call that cannot select any child is given its pid. `ignored=SIGCHLD`: it
//! was started with that signal ignored. `release=R`: the release of its kernel, as in `5.10.0`, if it differs from the kernel
//! of the warden. Requests with `thread=N` (N from 1 up) run on the thread of that number, which the
//! agent creates when it is first named, if it supports threads; their replies may come in any order. Standard output carries
//! nothing else, and each line is written in one piece.
//!
//! | request | what it does | reply |
//! |---|---|---|
//! | `spawn argv=A,B,...` | fork, exec that program in the child, with `/dev/null` as its standard input and output; a child whose exec fails exits with 127 | `ok pid=N` |
//! | `spawn argv=A,B,... image=any words=N` | the first N words are the child program and the rest its arguments: an agent built from this crate runs it in the forked child without an exec; for any other it is an ordinary `spawn` | `ok pid=N` |
//! | `exit-thread thread=N` | thread N exits after the reply; if named again, it is a new thread | `ok` |
//! | `wait status=P` | the call | see below |
//! | `waitpid pid=N status=P options=O` | the call | |
//! | `wait3 status=P options=O rusage=P` | the call | |
//! | `wait4 pid=N status=P options=O rusage=P` | the call | |
//! | `wait6 idtype=T who=N status=P options=O rusage=P info=P` | the call | |
//! | `waitid idtype=T who=N info=P options=O [rusage=P]` | the call; `rusage` only where the system call has it | |
//! | `sigaction sig=S do=default,ignore,count,record or wait [restart=yes] [nocldstop=yes] [nocldwait=yes]` | set the disposition; `record` keeps the siginfo of each signal, `wait` calls `waitpid(-1, WNOHANG)` of the subject inside the handler | `ok` |
//! | `signals` | what the handlers have seen since the last `signals` | `ok count=N seen=SIG:CODE:PID:UID:STATUS,... waited=RET:STATUS,...` (see below) |
//! | `sigprocmask how=block or unblock sig=S` | | `ok` |
//! | `sigpending` | | `ok sigs=S,...` |
//! | `getrusage who=self or children` | | `ok ru_...` |
//! | `setpgid pid=N pgid=N` | | `ok` |
//! | `pidfd_open pid=N [nonblock=yes]` | | `ok fd=N` |
//! | `open path=P` | a descriptor that is not a pidfd | `ok fd=N` |
//! | `poll fd=N` | polls for input without blocking | `ok revents=POLLIN,POLLHUP` |
//! | `close fd=N` | | `ok` |
//! | `subreaper on=yes or no` | `PR_SET_CHILD_SUBREAPER`, `PROC_REAP_ACQUIRE` | `ok` |
//! | `decode status=0x7f` | the subject's own macros or methods on a status word | `ok exited=yes signaled=no stopped=no continued=no wexitstatus=N wtermsig=N wstopsig=N coredump=yes exitcode=N` (those that it has; `exitcode` is the value of an exit, or minus the signal of a death, and is left out for any other word) |
//! | `bye` | exit 0 | `ok` |
//!
//! Only some cases need these; where an agent answers `unsupported`, they are skipped:
//!
//! | request | what it does | reply |
//! |---|---|---|
//! | `clone argv=A,B,... image=any words=N exit-signal=S [clone3=yes] [pidfd=yes] [newpid=yes] [newuser=yes]` | a child by `clone`, in a copy of the agent; `exit-signal=0` is none, another number goes as it is | `ok pid=N [fd=N]` |
//! | `autoreap argv=A,B,... image=any words=N exit-signal=S [pidfd=yes] [autokill=yes]` | a child by `clone3` with `CLONE_AUTOREAP`, and `CLONE_PIDFD_AUTOKILL` and `CLONE_NNP`, in a copy of the agent | `ok pid=N [fd=N]` |
//! | `pdfork argv=A,B,... image=any words=N [daemon=yes]` | a child by `pdfork`, in a copy of the agent; `PD_DAEMON` | `ok pid=N fd=N` |
//! | `pdwait fd=N options=O` | the call, with a buffer for each pointer; announced as a call is | that of `wait6` |
//! | `posix_spawn argv=A,B,...` | a child by `posix_spawnp` | `ok pid=N` |
//! | `in-fork call=C ...` | the call of that name, with its own keys, in a fork of the agent, which then exits and is reaped; not announced | that of the call |
//! | `exec argv=A,B,...` | the agent execs a new image of itself; an agent built from this crate appends `--agent NAME` to that program | a `hello` |
//! | `exists pid=N by=kill` | whether that call finds the process, without any effect on it: `kill`, `killpg`, `getpgid`, `getsid`, `setpgid`, `getpriority`, `sched_getscheduler`, `sched_getaffinity`, `prlimit`, `tgkill`, `clock_getcpuclockid` or `pidfd_open` | `ok` |
//! | `gated code=N` | a child that spins at a gate, and exits once the gate is open | `ok pid=N processors=N` |
//! | `through-gate ns=N` | the next call opens the gate and begins N nanoseconds later | `ok` |
//! | `slept` | whether the thread of the last call through the gate went to sleep in it | `ok slept=yes or no` |
//! | `cancellable` | the next call, which is `wait`, `waitpid` or `waitid` of the C library, is made on a thread that can be cancelled; if it is, the call fails with `ECANCELED` | `ok` |
//! | `cancel` | cancels that thread | `ok` |
//! | `exit-note pid=N` | a kqueue that watches that process for `NOTE_EXIT` from now on | `ok fd=N` |
//! | `await-exit-note fd=N pid=N` | sleeps until its event has come, at most five seconds (then `ETIMEDOUT`), and calls `waitpid(pid, WNOHANG)` of the subject at once; announced as a call is | that of `waitpid`, and `data=N` of the event |
//! | `await-readable fd=N` | polls for input until there is some; announced as a call is | `ok` |
//! | `switches tid=N` | how often that thread of the agent went to sleep so far | `ok count=N` |
//! | `late-writes` | nothing: its reply, as any other, says `late-write=yes` if the buffers of an earlier call have changed | `ok` |
//! | `getids [thread=N]` | | `ok pid=N tid=N` |
//! | `ptrace do=R pid=N [sig=S] [options=O,...]` | `attach`, `seize`, `cont`, `syscall`, `listen`, `interrupt`, `set-options`, `detach` or `event-message`; the options are `sysgood`, `fork`, `vfork`, `clone`, `exec`, `exit` | `ok value=N` |
//! | `terminal` | creates a session with a pseudo-terminal whose master is a descriptor of the agent | `ok fd=N` |
//! | `type fd=N bytes=B` | writes to it | `ok` |
//! | `foreground pgid=N` | `tcsetpgrp` | `ok` |
//! | `epoll fd=N` | an epoll instance that watches the descriptor for input from now on | `ok fd=N` |
//! | `pidfd_thread tid=N` | `pidfd_open` with `PIDFD_THREAD` | `ok fd=N` |
//! | `pidfd_getfd pid=N fd=N` | duplicates a descriptor of a process | `ok fd=N` |
//! | `pidfd_signal fd=N sig=S` | `pidfd_send_signal`; `sig=0` only checks | `ok` |
//! | `pidfd_info fd=N` | `PIDFD_GET_INFO` | `ok [of=N] [status=0x...]` |
//! | `blocking fd=N on=yes or no` | clears or sets `O_NONBLOCK` | `ok` |
//! | `sigwait sig=S`, `signalfd sig=S` | accepts a blocked signal, waiting at most five seconds (then `EAGAIN`) | `ok seen=SIG:CODE:PID:UID:STATUS` |
//! | `times` | | `ok tick_us=N utime_us=N stime_us=N cutime_us=N cstime_us=N` |
//! | `limit resource=nofile or core soft=N` | sets the soft limit | `ok` |
//! | `deny call=pidfd_open errno=E` | denies a system call with that error | `ok` |
//! | `unshare-users` | enters a new user namespace in which no user is mapped | `ok` |
//! | `measure what=W n=N [call=C] [argv=A,B,...] [bare=yes]` | for `waitspec bench`: does W (below) N times with that call of the subject, or, if it is `bare`, with that function of the C library; a subject that waits only for children that it starts itself is unsupported, and is shown so by starting A | `ok n=N ns=T,... [got=TEXT]` |
//!
//! `count` counts every signal, `seen` holds those of `do=record` (as `si_signo` and its fellows below), `waited` the calls
//! of `do=wait`: the return value or the `errno`'s name, then the status word, `untouched`, or nothing if the subject
//! does not expose it. If the subject cannot make that call at all, the reply to `signals` is `unsupported`.
//!
//! W of `measure` is `spawn-reap` (fork, exit, blocking call), `poll` (`WNOHANG` for a child that runs), `blocked` (the time from a
//! child's death to the return of a call that sleeps), `bounded` (the same with the subject's own wait of limited time), `reap-any`,
//! `reap-pid` or `reap-pidfd` (N zombies, one call each). The reply has how often it was done (fewer children than N may exist at a
//! time), the nanoseconds of all together (for `blocked` and `bounded` of each), and in `got` what a call returned instead of its child.
//!
//! Every call of the family is announced: immediately before it the agent writes `entering id=N tid=T` (`tid`: the thread
//! id, or the pid where threads have none). Then its reply:
//!
//! ```text
//! ok id=7 ret=4711 status=0x0700 rusage=written ru_utime_us=301 ru_maxrss=416 spill=no
//! ok id=8 ret=0 info=written si_signo=SIGCHLD si_code=CLD_EXITED si_pid=4711 si_uid=0 si_status=7
//! err id=9 errno=ECHILD status=untouched rusage=untouched
//! ```
//!
//! `P` in a request is `buffer`, `null`, `bad` (an address that cannot be written) or `kernel` (one in the kernel's part of the
//! address space); for an agent with `pointers=all` also `read-only`, `misaligned`, `page-end` or `across` (memory that ends
//! where what is written does, or halfway through it). A missing one is `buffer`, but a
//! missing `rusage` of `waitid` is not asked for. Missing `options` are 0; raw bits are one unsigned number of 32 bits.
//!
//! The agent fills each buffer with the byte 0xA5 and puts a canary behind it. In the reply, `status`, `rusage`, `info`
//! say `untouched` when every byte still is 0xA5, else what was written (`rusage=written` and `info=written` with their
//! fields; a field whose bytes all still are 0xA5 is left out); a key that is missing means *not observed*, which is
//! what a typed binding says. `spill=yes` says that a byte behind a buffer changed. The buffers outlive their call: any
//! later reply carries `late-write=yes` if a byte of one has changed since its call returned.
//!
//! The fields are `ru_utime_us ru_stime_us ru_maxrss ru_minflt ru_majflt ru_inblock ru_oublock ru_nvcsw ru_nivcsw`
//! (`ru_maxrss` in the kernel's own unit), and of an agent that sees them `ru_others` (all other fields, added up) and
//! `ru_irregular` (how many of the two times have microseconds beyond 999,999); for the second half of `wait6`'s usage,
//! `children=` and the same with `rc_`; and `si_signo si_code si_pid si_uid si_status`, and of an agent that sees them
//! `si_errno` and `si_other_bytes` (how many bytes were written that belong to no field) (`si_status` is a number: an exit code, or a signal in the numbers of
//! the agent's system, as in a status word).
//!
//! # Child
//!
//! A child connects to the socket at `PATH` and writes
//! `hello token=T pid=N ppid=N pgid=N sid=N`; then it takes *steps*, one line each ([`crate::scenario`] lists them),
//! and replies `ok id=N` when a step is done, or `err id=N errno=NAME` if it failed. A step that terminates the process
//! has no reply; `report=yes` on it makes the child write `last ru_... rc_...` (its own usage, and that of its
//! reaped children) right before. A child whose connection closes exits.
//! A child without a `token` runs the steps it was given and exits.
//!
//! Without local sockets `PATH` is `pipes:FIRST:N:FOLDER`: the warden made N pairs of pipes before the agent started. Child
//! number K (`A` is 0, `Z` is 25, `A1` is 26) reads its steps from descriptor `FIRST + 2 K`, answers on the next one and works in
//! FOLDER; an agent closes both once that child is made. Only the C kit speaks over pipes.
//!
//! # Warden
//!
//! Between driver and warden each line begins with its address: `agent LINE`, `child NAME LINE`, and
//! `warden REQUEST`; [`crate::warden`] lists the requests.
//!
//! A warden of a smaller system adds to its answer to `probe` what it has and lacks: `has=poll,sockets,table,...`,
//! `observation=table`, `deaths` (no process table, but pidfds) or `none`, and `pipes=N` where children connect by pipes.
//!
//! Over a stream that may drop, garble or echo bytes (`--warden 'framed:COMMAND'`, as a serial line) each line travels in frames of
//! at most 200 bytes, which `kit/src/frame.c` describes. The warden says `warden hello framed=1` until it hears the driver,
//! `warden line-error why=TEXT frame=N` when a frame of the driver's was damaged, and ends at `warden bye`.

pub mod agent;
mod change;
pub mod codec;
pub mod fields;
pub mod handle;
pub mod line;
mod nearest;
mod options;
pub mod wait;
pub mod warden;
pub use change::Change;
pub use line::{Line, LineReader};
pub use nearest::{near, nearest};

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;
