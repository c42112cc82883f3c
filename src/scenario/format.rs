//! Formatting a step as its protocol line.

use std::fmt;

use super::step::{Step, TerminalUse, Then, word_of};
use crate::protocol::Line;

impl Step {
    /// The first word of its line.
    pub fn word(&self) -> &'static str {
        match self {
            Step::Exit { .. } => "exit",
            Step::Raise(_) => "raise",
            Step::KillSelf(_) => "kill-self",
            Step::Pause => "pause",
            Step::Stop(_) => "stop",
            Step::Ignore(_) => "ignore",
            Step::Default(_) => "default",
            Step::Block(_) => "block",
            Step::Unblock(_) => "unblock",
            Step::BurnUser { .. } => "burn-user",
            Step::BurnSystem { .. } => "burn-system",
            Step::Allocate { .. } => "allocate",
            Step::Release => "release",
            Step::MinorFaults { .. } => "minor-faults",
            Step::MajorFaults { .. } => "major-faults",
            Step::BlockOutput { .. } => "block-output",
            Step::VoluntarySwitches { .. } => "voluntary-switches",
            Step::InvoluntarySwitches { .. } => "involuntary-switches",
            Step::Sleep { .. } => "sleep",
            Step::Setpgid { .. } => "setpgid",
            Step::Setsid => "setsid",
            Step::Setuid { .. } => "setuid",
            Step::Seteuid { .. } => "seteuid",
            Step::Setegid { .. } => "setegid",
            Step::Fork(_) => "fork",
            Step::VforkExec(_) => "vfork-exec",
            Step::Vfork { .. } => "vfork",
            Step::Wait { .. } => "wait",
            Step::LeaderExit { .. } => "leader-exit",
            Step::ThreadExit { .. } => "thread-exit",
            Step::GroupExit { .. } => "group-exit",
            Step::Exec { .. } => "exec",
            Step::ExecFromThread { .. } => "exec-from-thread",
            Step::Traceme => "traceme",
            Step::Trace { .. } => "trace",
            Step::Incur(_) => "incur",
            Step::Catch { .. } => "catch",
            Step::Return { .. } => "return",
            Step::Dumpable { .. } => "dumpable",
            Step::Clone { .. } => "clone",
            Step::Terminal { .. } => "terminal",
            Step::PidfdOpen { .. } => "pidfd-open",
            Step::LastPid { .. } => "last-pid",
            Step::Subreaper { .. } => "subreaper",
            Step::Threads { .. } => "threads",
            Step::StartThread => "start-thread",
            Step::EndThreads => "end-threads",
            Step::Report => "report",
            Step::Getids => "getids",
            Step::Inherited => "inherited",
        }
    }

    /// Its line.
    pub fn to_line(&self) -> Line {
        let line = Line::new(self.word());
        match self {
            Step::Exit { code, report }
            | Step::ThreadExit { code, report }
            | Step::GroupExit { code, report } => report_in(line.with("code", code), *report),
            Step::Raise(death) | Step::KillSelf(death) | Step::Incur(death) => {
                let mut line = line.with("sig", death.signal);
                if let Some(core) = death.core {
                    line.set("core", if core { "yes" } else { "no" });
                }
                report_in(line, death.report)
            }
            Step::Stop(sig)
            | Step::Ignore(sig)
            | Step::Default(sig)
            | Step::Block(sig)
            | Step::Unblock(sig) => line.with("sig", sig),
            Step::BurnUser { us } | Step::BurnSystem { us } => line.with("us", us),
            Step::Allocate { bytes } => line.with("bytes", bytes),
            Step::MinorFaults { count }
            | Step::MajorFaults { count }
            | Step::BlockOutput { count }
            | Step::VoluntarySwitches { count }
            | Step::InvoluntarySwitches { count } => line.with("count", count),
            Step::Sleep { ms } => line.with("ms", ms),
            Step::Setpgid { pgid } => line.with("pgid", pgid),
            Step::Setuid { uid } | Step::Seteuid { uid } => line.with("uid", uid),
            Step::Setegid { gid } => line.with("gid", gid),
            Step::Fork(child) | Step::VforkExec(child) | Step::Clone { offspring: child, .. } => {
                let mut line = line;
                if let Step::Clone { sibling, exit_signal, .. } = self {
                    if *sibling {
                        line.set("sibling", "yes");
                    }
                    if let Some(signal) = exit_signal {
                        line.set("exit-signal", signal);
                    }
                }
                if let Some(token) = &child.token {
                    line.set("token", token);
                }
                if child.orphan {
                    line.set("orphan", "yes");
                }
                steps_in(line, &child.steps)
            }
            Step::Vfork { code } | Step::LeaderExit { code } | Step::Return { code } => {
                line.with("code", code)
            }
            Step::Wait { pid } | Step::PidfdOpen { pid } | Step::LastPid { pid } => line.with("pid", pid),
            Step::Trace { request, pid, signal, options } => {
                let mut line = line.with("do", request.name()).with("pid", pid);
                if let Some(signal) = signal {
                    line.set("sig", signal);
                }
                if options.is_empty() { line } else { line.with_list("options", options) }
            }
            Step::Catch { signal, then } => line.with("sig", signal).with("do", word_of(&Then::ALL, then)),
            Step::Dumpable { on } | Step::Subreaper { on } => line.with("on", if *on { "yes" } else { "no" }),
            Step::Terminal { how } => line.with("do", word_of(&TerminalUse::ALL, how)),
            Step::Threads { count } => line.with("count", count),
            Step::Exec { steps } | Step::ExecFromThread { steps } => steps_in(line, steps),
            Step::Pause
            | Step::Release
            | Step::Setsid
            | Step::Traceme
            | Step::StartThread
            | Step::EndThreads
            | Step::Report
            | Step::Getids
            | Step::Inherited => line,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_line().fmt(f)
    }
}

fn report_in(line: Line, report: bool) -> Line {
    if report { line.with("report", "yes") } else { line }
}

fn steps_in(line: Line, steps: &[Step]) -> Line {
    if steps.is_empty() { line } else { line.with_list("steps", steps.iter().map(Step::to_string)) }
}
