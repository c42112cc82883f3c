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
//! A request carries `id=N`; its reply is exactly one line with the same `id`: `ok`, `err errno=NAME`, or `unsupported
//! why=TEXT` (or `malformed why=TEXT`, see below). Values that have names are sent by name (`WNOHANG`, `SIGTERM`,
//! `ECHILD`, `P_PID`, `CLD_EXITED`), since the numbers differ between systems; other numbers are sent raw
//! (`0x40000000`, `-7`, `SIG37`). A number in a reply is one of the agent's system: the driver interprets it by the
//! `os=` and `arch=` of `hello`. Unknown keys are ignored, unknown requests are answered `unsupported`. A malformed
//! request (a key is missing, or a value is of the wrong type) is answered `malformed why=TEXT`: the sender is at
//! fault.
//!
//! # Agent
//!
//! This page describes the interface `calls`; an agent of process handles ([`handle`]) has `interface=handle` in its
//! `hello`.
//!
//! An agent reads requests on standard input and writes replies on standard output; standard error is kept and shown
//! with a failure. It begins with
//!
//! ```text
//! hello protocol=1 name=NAME version=V issues=URL os=OS libc=L arch=A pid=N calls=waitpid,wait4 [threads=yes] [raw=yes] [pointers=all] [retries=eintr] [selectors=pid] [ignored=SIGCHLD] [release=R]
//! ```
//!
//! (`OS` is `linux`, `freebsd`, `netbsd`, `openbsd`, `dragonfly`, `macos` or `illumos`) and then serves these requests,
//! one at a time; once its input ends, it exits. `raw=yes`: its calls go straight to the kernel, so that bad pointers
//! can be judged. `pointers=all`: it supports the pointers `read-only`, `misaligned`, `page-end` and `across`.
//! `retries=eintr`: a call interrupted by a signal is restarted, so that the interruption is never seen. `selectors=`:
//! which children a call can select, of `pid`, `any` and `group` (all of them if the key is missing); if there is only
//! one child, a call that cannot select any child is given its pid. `ignored=SIGCHLD`: it was started with that signal
//! ignored. `release=R`: the release of its kernel, such as `5.10.0`, if it differs from that of the warden's kernel.
//! Requests with `thread=N` (N from 1 up) run on the thread with that number, which the agent, if it supports threads,
//! creates on first use; their replies may come in any order. Standard output carries nothing else, and each line is
//! written in a single write.
//!
//! | request | what it does | reply |
//! |---|---|---|
//! | `spawn argv=A,B,...` | fork, exec that program in the child, with `/dev/null` as its standard input and output; a child whose exec fails exits with 127 | `ok pid=N` |
//! | `spawn argv=A,B,... image=any words=N` | the first N words are the child program and the rest its arguments: an agent built from this crate runs it in the forked child without an exec; for any other agent it is an ordinary `spawn` | `ok pid=N` |
//! | `exit-thread thread=N` | thread N exits after the reply; if used again, it is a new thread | `ok` |
//! | `wait status=P` | the call | see below |
//! | `waitpid pid=N status=P options=O` | the call | |
//! | `wait3 status=P options=O rusage=P` | the call | |
//! | `wait4 pid=N status=P options=O rusage=P` | the call | |
//! | `wait6 idtype=T who=N status=P options=O rusage=P info=P` | the call | |
//! | `waitid idtype=T who=N info=P options=O [rusage=P]` | the call; `rusage` only if the system call has it | |
//! | `sigaction sig=S do=default,ignore,count,record or wait [restart=yes] [nocldstop=yes] [nocldwait=yes]` | sets the disposition; `record` records the siginfo of each signal, `wait` has the subject call `waitpid(-1, WNOHANG)` inside the handler | `ok` |
//! | `signals` | what the handlers have seen since the last `signals` | `ok count=N seen=SIG:CODE:PID:UID:STATUS,... waited=RET:STATUS,...` (see below) |
//! | `sigprocmask how=block or unblock sig=S [thread=N]` | | `ok` |
//! | `sigpending` | | `ok sigs=S,...` |
//! | `getrusage who=self or children` | | `ok ru_...` |
//! | `setpgid pid=N pgid=N` | | `ok` |
//! | `pidfd_open pid=N [nonblock=yes]` | | `ok fd=N` |
//! | `open path=P` | opens a file: a descriptor that is not a pidfd | `ok fd=N` |
//! | `poll fd=N` | polls for input without blocking | `ok revents=POLLIN,POLLHUP` |
//! | `close fd=N` | | `ok` |
//! | `subreaper on=yes or no` | `PR_SET_CHILD_SUBREAPER`, `PROC_REAP_ACQUIRE` | `ok` |
//! | `decode status=0x7f` | the subject's own macros or methods, applied to a status word | `ok exited=yes signaled=no stopped=no continued=no wexitstatus=N wtermsig=N wstopsig=N coredump=yes exitcode=N` (those that it has; `exitcode` is the exit code, or the negated signal of a death, and is left out for any other word) |
//! | `bye` | exit 0 | `ok` |
//!
//! The following are needed only by some cases, which are skipped if the agent answers `unsupported`:
//!
//! | request | what it does | reply |
//! |---|---|---|
//! | `clone argv=A,B,... image=any words=N exit-signal=S [clone3=yes] [pidfd=yes] [newpid=yes] [newuser=yes]` | creates a child by `clone`, in a copy of the agent; `exit-signal=0` is none, any other number is passed unchanged | `ok pid=N [fd=N]` |
//! | `autoreap argv=A,B,... image=any words=N exit-signal=S [pidfd=yes] [autokill=yes]` | creates a child by `clone3` with `CLONE_AUTOREAP`, and `CLONE_PIDFD_AUTOKILL` and `CLONE_NNP`, in a copy of the agent | `ok pid=N [fd=N]` |
//! | `pdfork argv=A,B,... image=any words=N [daemon=yes]` | creates a child by `pdfork`, in a copy of the agent; `PD_DAEMON` | `ok pid=N fd=N` |
//! | `pdwait fd=N options=O` | the call, with a buffer for each pointer; announced like a call of the family | that of `wait6` |
//! | `posix_spawn argv=A,B,...` | creates a child by `posix_spawnp` | `ok pid=N` |
//! | `in-fork call=C ...` | the named call, with its own keys, in a fork of the agent, which then exits and is reaped; not announced | that of the call |
//! | `exec argv=A,B,...` | the agent execs a new image of itself; an agent built from this crate appends `--agent NAME` to that program | a `hello` |
//! | `exists pid=N by=kill` | whether the named call finds the process, without affecting it: `kill`, `killpg`, `getpgid`, `getsid`, `setpgid`, `getpriority`, `sched_getscheduler`, `sched_getaffinity`, `prlimit`, `tgkill`, `clock_getcpuclockid` or `pidfd_open` | `ok` |
//! | `gated code=N` | creates a child that spins at a gate, and exits once the gate is open | `ok pid=N processors=N` |
//! | `through-gate ns=N` | the next call opens the gate and begins N nanoseconds later | `ok` |
//! | `slept` | whether the thread of the last call through the gate went to sleep in it | `ok slept=yes or no` |
//! | `cancellable` | makes the next call, which must be the C library's `wait`, `waitpid` or `waitid`, on a thread that can be cancelled; if it is cancelled, the call fails with `ECANCELED` | `ok` |
//! | `cancel` | cancels that thread | `ok` |
//! | `exit-note pid=N` | creates a kqueue that watches that process for `NOTE_EXIT` from now on | `ok fd=N` |
//! | `await-exit-note fd=N pid=N` | sleeps until the event comes, at most five seconds (then `ETIMEDOUT`), and immediately has the subject call `waitpid(pid, WNOHANG)`; announced like a call | that of `waitpid`, and `data=N` of the event |
//! | `reaper-status` | `PROC_REAP_STATUS` of the agent | `ok owned=yes or no first=N [reaper=N children=N descendants=N]`; the last three on FreeBSD |
//! | `reaper-pids` | `PROC_REAP_GETPIDS` | `ok below=PID:SUBTREE:WORDS,...`; the words are `child`, `zombie`, both with a `+` between them, or `-` |
//! | `reaper-kill sig=S to=all, children or subtree [pid=N]` | `PROC_REAP_KILL` | `ok killed=N` |
//! | `await-readable fd=N` | polls for input until there is some; announced like a call | `ok` |
//! | `switches tid=N` | how many times that thread of the agent has gone to sleep so far | `ok count=N` |
//! | `late-writes` | nothing: its reply, like any other, has `late-write=yes` if the buffers of an earlier call have changed | `ok` |
//! | `caller-state [arm=yes] [thread=N]` | state of the process and of the thread that a wait has no business with; first, with `arm=yes`, starts the three interval timers and two of `timer_create`, for a thousand seconds each | `ok timers=real,virtual,prof [posix_timers=process,thread] [x87=N] blocked=S,... rounding=nearest, up, down or zero subnormals=kept or flushed stack=yes or no [zeroed_errno=yes or no] [KEY=TEXT ...]`: the timers that run, the x87 control word, the signals that the thread blocks, the floating-point modes, whether there is an alternate signal stack, and whether an observed call that succeeded has set `errno` to 0, and any other state that must not change, as text to compare |
//! | `handler sig=S [restart=yes] flag=F` | installs a handler that counts, with `SA_RESETHAND` (`once`), `SA_NODEFER` (`nodefer`) or `SA_ONSTACK` (`onstack`) | `ok` |
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
//! | `duplicate fd=N from=N` | duplicates a descriptor onto the lowest free number from there on; `from=0`: onto 0, standard input, which the agent then reads elsewhere | `ok fd=N` |
//! | `sigwait sig=S`, `signalfd sig=S` | accepts a blocked signal, waiting at most five seconds (then `EAGAIN`) | `ok seen=SIG:CODE:PID:UID:STATUS` |
//! | `times` | | `ok tick_us=N utime_us=N stime_us=N cutime_us=N cstime_us=N` |
//! | `limit resource=nofile or core soft=N` | sets the soft limit | `ok` |
//! | `deny call=pidfd_open errno=E` | makes a system call fail with that error | `ok` |
//! | `unshare-users` | enters a new user namespace in which no user is mapped | `ok` |
//! | `measure what=W n=N [call=C] [argv=A,B,...] [bare=yes]` | for `waitspec bench`: does W (below) N times with that call of the subject or, with `bare`, with that function of the C library; unsupported if the subject waits only for children that it starts itself, which it shows by starting A | `ok n=N ns=T,... [got=TEXT]` |
//!
//! `count` counts every signal, `seen` holds those of `do=record` (`si_signo` and the other fields below), `waited` the
//! calls of `do=wait`: the return value or the name of the `errno`, then the status word, `untouched`, or nothing if
//! the subject does not expose it. If the subject cannot make that call at all, the reply to `signals` is
//! `unsupported`.
//!
//! W of `measure` is `spawn-reap` (fork, exit, blocking call), `poll` (`WNOHANG` for a child that is running),
//! `blocked` (the time from a child's death to the return of a sleeping call), `bounded` (the same with the subject's
//! own bounded wait), `reap-any`, `reap-pid` or `reap-pidfd` (N zombies, one call each), or `crowd` (of N children, the
//! three oldest and the three youngest die: one call with `WNOHANG` for each, the last two for the own group and by
//! pid, the others for any child; then the others die, and one call for any child is made for each). The reply has the number of
//! repetitions (fewer than N children may exist at a time), the nanoseconds in total (for `blocked` and `bounded`, of
//! each), and in `got` what a call returned instead of its child.
//!
//! Every call of the family is announced: immediately before it, the agent writes `entering id=N tid=T` (`tid`: the
//! thread id, or the pid if threads have none). Its reply follows:
//!
//! ```text
//! ok id=7 ret=4711 status=0x0700 rusage=written ru_utime_us=301 ru_maxrss=416 spill=no
//! ok id=8 ret=0 info=written si_signo=SIGCHLD si_code=CLD_EXITED si_pid=4711 si_uid=0 si_status=7
//! err id=9 errno=ECHILD status=untouched rusage=untouched
//! ```
//!
//! `P` in a request is `buffer`, `null`, `bad` (an address that cannot be written) or `kernel` (an address in the
//! kernel's part of the address space); for an agent with `pointers=all` also `read-only`, `misaligned`, `page-end` or
//! `across` (memory that ends exactly after, or halfway through, the object written). The default is `buffer`, except
//! that `rusage` of `waitid` is not requested if missing. Missing `options` are 0; raw bits are one unsigned 32-bit
//! number.
//!
//! The agent fills each buffer with the byte 0xA5 and puts a canary behind it. In the reply, `status`, `rusage` and
//! `info` are `untouched` if every byte is still 0xA5, else what was written (`rusage=written` and `info=written` with
//! their fields; a field whose bytes are all still 0xA5 is left out); a missing key means *not observed*, which is what
//! a typed binding reports. `spill=yes` means that a byte behind a buffer changed. The buffers outlive their call: any
//! later reply carries `late-write=yes` if a byte in one of them has changed since its call returned.
//!
//! The fields are `ru_utime_us ru_stime_us ru_maxrss ru_minflt ru_majflt ru_inblock ru_oublock ru_nvcsw ru_nivcsw`
//! (`ru_maxrss` in the kernel's own unit), and, from an agent that sees them, `ru_others` (the sum of all other fields)
//! and `ru_irregular` (how many of the two times have microseconds above 999,999); for the second half of `wait6`'s
//! usage, `children=` and the same with `rc_`; and `si_signo si_code si_pid si_uid si_status`, and, from an agent that
//! sees them, `si_errno` and `si_other_bytes` (the number of bytes written that belong to no field). `si_status` is a
//! number: an exit code, or a signal in the numbers of the agent's system, as in a status word.
//!
//! # Child
//!
//! A child connects to the socket at `PATH` and writes `hello token=T pid=N ppid=N pgid=N sid=N`; then it performs
//! *steps*, one line each ([`crate::scenario`] lists them), and replies `ok id=N` when a step is done, or `err id=N
//! errno=NAME` if it failed. A step that terminates the process has no reply; with `report=yes`, the child first writes
//! `last ru_... rc_...` (its own usage, and that of its reaped children). A child whose connection closes exits. A
//! child without a `token` runs the steps it was given and exits.
//!
//! Without local sockets, `PATH` is `pipes:FIRST:N:FOLDER`: the warden created N pairs of pipes before the agent
//! started. Child number K (`A` is 0, `Z` is 25, `A1` is 26) reads its steps from descriptor `FIRST + 2 K`, answers on
//! the next one and works in FOLDER; an agent closes both once that child has been created. Only the C kit uses pipes.
//!
//! # Warden
//!
//! Between driver and warden each line begins with its address: `agent LINE`, `child NAME LINE`, and
//! `warden REQUEST`; [`crate::warden`] lists the requests.
//!
//! A warden for a smaller system adds to its answer to `probe` what it has and lacks: `has=poll,sockets,table,...`,
//! `observation=table`, `deaths` (no process table, but pidfds) or `none`, and `pipes=N` if children connect by pipes.
//!
//! Over a stream that may drop, garble or echo bytes (`--warden 'framed:COMMAND'`, such as a serial line), each line
//! travels in frames of at most 200 bytes, which `kit/src/frame.c` describes. The warden repeats `warden hello
//! framed=1` until it hears from the driver, sends `warden line-error why=TEXT frame=N` when a frame from the driver
//! was damaged, and ends at `warden bye`.

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
