//! Cases of the catalogue without branches, as histories for the self-checking program.
//!
//! Each can be judged without a process table: until a change of a child has been reported, nothing else is done to that child,
//! and nothing depends on the change not having happened yet.

use crate::model::op::Op;
use crate::model::script::parse;
use crate::sys::call::abi::Call;

/// A case as a history.
pub struct History {
    /// The id of the case in the catalogue.
    pub case: &'static str,
    /// The calls it is run with: each wait of the history becomes this one.
    pub calls: &'static [Call],
    /// The history, in the notation of [`crate::model::op`].
    pub script: &'static str,
}

impl History {
    /// The operations with one of the calls.
    pub fn ops(&self, call: Call) -> Vec<Op> {
        let mut ops = parse(self.script).unwrap_or_default();
        for op in &mut ops {
            if let Op::Wait(wait) = op {
                wait.call = call;
            }
        }
        ops
    }
}

const ALL: &[Call] = &[Call::Wait, Call::Waitpid, Call::Wait3, Call::Wait4, Call::Waitid];
const STATUS: &[Call] = &[Call::Wait, Call::Waitpid, Call::Wait3, Call::Wait4];
const OPTIONS: &[Call] = &[Call::Waitpid, Call::Wait3, Call::Wait4, Call::Waitid];
const TARGET: &[Call] = &[Call::Waitpid, Call::Wait4, Call::Waitid];
const WAITID: &[Call] = &[Call::Waitid];
const FEW: &[Call] = &[Call::Wait4, Call::Waitid];

const fn history(case: &'static str, calls: &'static [Call], script: &'static str) -> History {
    History { case, calls, script }
}

/// All histories.
pub const HISTORIES: &[History] = &[
    history("exit-code.one-child", ALL, "spawn A exit 7; wait4(any); wait4(any)"),
    history(
        "exit-code.each-bit",
        TARGET,
        "spawn A exit 0; wait4(A); spawn A exit 1; wait4(A); spawn A exit 2; wait4(A); spawn A exit 64; wait4(A);
         spawn A exit 128; wait4(A); spawn A exit 255; wait4(A)",
    ),
    history("exit-code.beyond-eight-bits", &[Call::Waitpid, Call::Wait4], "spawn A exit 256; wait4(A); spawn A exit -1; wait4(A)"),
    history(
        "signal-death.every-signal",
        TARGET,
        "spawn A; kill A SIGKILL; wait4(A); spawn A; kill A SIGTERM; wait4(A); spawn A; kill A SIGHUP; wait4(A);
         spawn A; kill A SIGUSR1; wait4(A)",
    ),
    history("signal-death.calls-agree", STATUS, "spawn A; kill A SIGKILL; wait4(any); wait4(any)"),
    history(
        "signal-death.sigkill-while-stopped",
        TARGET,
        "spawn A; stop A; wait4(A, WUNTRACED); kill A SIGKILL; wait4(A)",
    ),
    history("any-child.no-children", ALL, "wait4(any)"),
    history("any-child.already-terminated", ALL, "spawn A exit 1; spawn B exit 2; wait4(any); wait4(any); wait4(any)"),
    history("any-child.exits-while-blocked", ALL, "spawn A; spawn B; wait4(any); exit B 5; wait4(any); exit A 6"),
    history("any-child.wait-ignores-stops", &[Call::Wait], "spawn A; wait4(any); stop A; kill A SIGKILL"),
    history(
        "any-child.dozen",
        ALL,
        "spawn A exit 1; spawn B exit 2; spawn C exit 3; spawn D exit 4; wait4(any); wait4(any); wait4(any); wait4(any);
         wait4(any)",
    ),
    history("errors.no-children-nohang", OPTIONS, "wait4(any, WNOHANG)"),
    history("errors.after-reap", TARGET, "spawn A; spawn B exit 3; wait4(B); wait4(B); wait4(B, WNOHANG); exit A 1; wait4(A)"),
    history("errors.not-a-child", TARGET, "spawn A; wait4(the caller); wait4(the caller, WNOHANG); exit A 1; wait4(A)"),
    history("errors.unknown-option", OPTIONS, "spawn A exit 4; wait4(any, 0x10000000); wait4(any)"),
    history(
        "nohang.running-child",
        OPTIONS,
        "spawn A; wait4(any, WNOHANG); wait4(any, WNOHANG); exit A 7; wait4(any, WNOHANG); wait4(any, WNOHANG)",
    ),
    history(
        "nohang.with-unrelated-zombie",
        TARGET,
        "spawn A; spawn B exit 5; wait4(B, WNOHANG|WUNTRACED); spawn C exit 6; wait4(A, WNOHANG); wait4(C); exit A 1; wait4(A)",
    ),
    history(
        "nohang.each-once",
        OPTIONS,
        "spawn A exit 1; spawn B exit 2; wait4(any, WNOHANG); wait4(any, WNOHANG); wait4(any, WNOHANG)",
    ),
    history(
        "nohang.stopped-child",
        OPTIONS,
        "spawn A; stop A; wait4(any, WUNTRACED); wait4(any, WNOHANG); kill A SIGKILL; wait4(any)",
    ),
    history("blocked.until-exit", ALL, "spawn A; wait4(any); exit A 9"),
    history("blocked.not-if-ready", TARGET, "spawn A exit 3; spawn B; wait4(A); kill B SIGKILL; wait4(B)"),
    history("blocked.through-exit-of-other-child", TARGET, "spawn A; spawn B; wait4(A); exit B 1; exit A 2; wait4(B)"),
    history("blocked.until-stop", OPTIONS, "spawn A; wait4(any, WUNTRACED); stop A; kill A SIGKILL; wait4(any)"),
    history(
        "blocked.through-stop-and-continue",
        TARGET,
        "spawn A; stop A; wait4(A, WUNTRACED); wait4(A); cont A; exit A 4",
    ),
    history("blocked.echild-with-sigchld-ignored", TARGET, "sigchld ignore; spawn A; wait4(any); exit A 4"),
    history(
        "group.own",
        TARGET,
        "spawn A; group A own; spawn B; exit B 2; wait4(own group); wait4(own group, WNOHANG); kill A SIGKILL; wait4(A)",
    ),
    history(
        "group.mixed",
        TARGET,
        "spawn A; spawn B; spawn C; group A own; group B A; exit C 3; wait4(group A, WNOHANG); wait4(C); exit B 2;
         wait4(group A); exit A 1; wait4(group A); wait4(group A)",
    ),
    history("group.empty", TARGET, "spawn A; wait4(group A); wait4(group A, WNOHANG); exit A 1; wait4(A)"),
    history(
        "stop-continue.stop-once",
        OPTIONS,
        "spawn A; stop A; wait4(any, WUNTRACED); wait4(any, WNOHANG|WUNTRACED); kill A SIGKILL; wait4(any)",
    ),
    history(
        "stop-continue.continue-once",
        OPTIONS,
        "spawn A; stop A; wait4(any, WUNTRACED); cont A; wait4(any, WCONTINUED); wait4(any, WNOHANG|WCONTINUED);
         kill A SIGKILL; wait4(any)",
    ),
    history(
        "stop-continue.unrequested-continue-retained",
        OPTIONS,
        "spawn A; stop A; wait4(any, WUNTRACED); cont A; wait4(any, WNOHANG); wait4(any, WNOHANG|WUNTRACED);
         wait4(any, WNOHANG|WCONTINUED); kill A SIGKILL; wait4(any)",
    ),
    history(
        "stop-continue.job-control-signals",
        OPTIONS,
        "spawn A; group A own; stop A SIGTSTP; wait4(any, WUNTRACED); cont A; stop A SIGTTIN; wait4(any, WUNTRACED); cont A;
         stop A SIGTTOU; wait4(any, WUNTRACED); kill A SIGKILL; wait4(any)",
    ),
    history(
        "stop-continue.blocks-through-both",
        TARGET,
        "spawn A; stop A; wait4(A, WUNTRACED); wait4(A); cont A; exit A 3",
    ),
    history("waitid.exit-fields", WAITID, "spawn A exit 11; waitid(A, WEXITED); waitid(A, WEXITED)"),
    history("waitid.kill-fields", WAITID, "spawn A; kill A SIGTERM; waitid(A, WEXITED)"),
    history(
        "waitid.stop-fields",
        WAITID,
        "spawn A; stop A; waitid(A, WSTOPPED|WEXITED); kill A SIGKILL; waitid(A, WEXITED)",
    ),
    history(
        "waitid.continue-fields",
        WAITID,
        "spawn A; stop A; waitid(A, WSTOPPED); cont A; waitid(A, WCONTINUED); kill A SIGKILL; waitid(A, WEXITED)",
    ),
    history("waitid.nohang-zeroes", WAITID, "spawn A; waitid(any, WNOHANG|WEXITED); exit A 1; waitid(any, WEXITED)"),
    history(
        "waitid.stopped-only",
        WAITID,
        "spawn A; stop A; waitid(A, WSTOPPED); kill A SIGKILL; waitid(A, WEXITED|WNOWAIT); waitid(A, WNOHANG|WSTOPPED);
         waitid(A, WEXITED)",
    ),
    history("nowait.exit", WAITID, "spawn A exit 3; waitid(A, WEXITED|WNOWAIT); waitid(A, WEXITED|WNOWAIT); waitid(A, WEXITED); waitid(A, WEXITED)"),
    history(
        "nowait.stop",
        WAITID,
        "spawn A; stop A; waitid(A, WSTOPPED|WNOWAIT); waitid(A, WSTOPPED); waitid(A, WNOHANG|WSTOPPED); kill A SIGKILL;
         waitid(A, WEXITED)",
    ),
    history("nowait.blocks", WAITID, "spawn A; waitid(A, WEXITED|WNOWAIT); exit A 6; waitid(A, WEXITED)"),
    history("sigchld.ignored", ALL, "sigchld ignore; spawn A exit 1; spawn B exit 2; wait4(any); wait4(any)"),
    history("sigchld.nocldwait", ALL, "sigchld nocldwait; spawn A exit 1; wait4(any)"),
    history("sigchld.zombies-with-default-action", ALL, "spawn A exit 1; wait4(any)"),
    history("interrupted.by-handler", ALL, "spawn A; wait4(any); interrupt; wait4(any); exit A 9"),
    history("interrupted.restarted", ALL, "spawn A; wait4(any); interrupt restart; exit A 9"),
    history("eintr.by-pid", FEW, "spawn A; wait4(A); interrupt; wait4(A); exit A 9"),
    history("eintr.by-group", FEW, "spawn A; group A own; wait4(group A); interrupt; wait4(group A); exit A 9"),
    history(
        "among.any-child",
        FEW,
        "spawn A; spawn B; spawn C; spawn D; stop B; wait4(any, WUNTRACED); cont B; stop C; exit D 7;
         wait4(any, WUNTRACED|WCONTINUED); wait4(any, WUNTRACED|WCONTINUED); wait4(any, WUNTRACED|WCONTINUED);
         wait4(any, WNOHANG|WUNTRACED|WCONTINUED); kill A SIGKILL; wait4(any); kill B SIGKILL; wait4(any); kill C SIGKILL;
         wait4(any)",
    ),
    history(
        "values.by-group",
        FEW,
        "spawn A; group A own; exit A 255; wait4(group A); spawn A; group A own; wait4(group A); exit A 128;
         spawn A; group A own; stop A SIGTTIN; wait4(group A, WUNTRACED); wait4(group A); kill A SIGKILL",
    ),
    history(
        "every-target.group-stop-and-continue",
        FEW,
        "spawn A; group A own; stop A; wait4(group A, WUNTRACED); cont A; wait4(group A, WCONTINUED);
         wait4(group A, WNOHANG|WUNTRACED|WCONTINUED); kill A SIGKILL; wait4(group A)",
    ),
    history(
        "every-target.group-peek",
        WAITID,
        "spawn A; group A own; stop A; waitid(group A, WSTOPPED|WNOWAIT); waitid(group A, WSTOPPED); cont A;
         waitid(group A, WCONTINUED|WNOWAIT); waitid(group A, WCONTINUED); kill A SIGKILL; waitid(group A, WEXITED|WNOWAIT);
         waitid(group A, WEXITED)",
    ),
    history(
        "peeked.taken-otherwise",
        WAITID,
        "spawn A; group A own; exit A 3; waitid(A, WEXITED|WNOWAIT); waitid(group A, WEXITED); waitid(any, WEXITED);
         spawn B; stop B; waitid(any, WSTOPPED|WNOWAIT); waitid(B, WSTOPPED); waitid(any, WNOHANG|WSTOPPED); kill B SIGKILL;
         waitid(any, WEXITED|WNOWAIT); waitid(B, WEXITED)",
    ),
    history(
        "sigchld-asleep.any-child",
        FEW,
        "sigchld ignore; spawn A; wait4(any, WUNTRACED); stop A; wait4(any, WCONTINUED); cont A; wait4(any); exit A 4",
    ),
];
