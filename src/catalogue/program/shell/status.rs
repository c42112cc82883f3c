//! `$?` after a command.

use super::{said, value};
use crate::scenario::{Death, Scenario, Step};
use crate::spec::contracts::SignalCode;
use crate::spec::{Clause, posix, promise};
use crate::trial::program::{How, ProgramOutcome, Trial};
use crate::trial::{Abort, Change, Need, Needs, Outcome, Shown, cases};
use crate::wait::Signal;
use std::ops::RangeInclusive;

cases! { program "shell";

    /// `$?` is the exit status of a command, and that of a script is that of its last command
    exit_status(SHELL) => [posix::SHELL_EXIT_STATUS];

    /// `$?` after a death by a signal is greater than 128, and `kill -l` knows the signal
    signal(SHELL) => [posix::SHELL_SIGNAL_OVER_128, posix::SHELL_KILL_L, promise::WRAPPER_SIGNAL_CODE];

    /// `$?` after a death by a signal with a core dump is greater than 128, and `kill -l` knows the signal
    core_dumped(SHELL), needs Needs::of(&[Need::CoreFiles])
        => [posix::SHELL_SIGNAL_OVER_128, posix::SHELL_KILL_L, promise::WRAPPER_SIGNAL_CODE];

    /// `$?` after a death by a real-time signal is over 128
    realtime_signal(SHELL) => [posix::SHELL_SIGNAL_OVER_128, promise::WRAPPER_SIGNAL_CODE];

    /// a script whose last command a signal killed does not exit with a success: it exits with over 128, or dies of the signal
    last_killed(SHELL) => [posix::SHELL_SIGNAL_OVER_128];

    /// `$?` of a subshell is that of its last command, also where a signal killed that
    subshell(SHELL) => [posix::SHELL_SUBSHELL];

    /// a command in the background survives SIGINT and SIGQUIT
    background_interrupt(SHELL) => [posix::SHELL_BACKGROUND_IGNORES];

    /// a command starts with the signals ignored that the shell ignores, and dies of one that has a trap in the shell
    command_signals(SHELL) => [posix::SHELL_COMMAND_SIGNALS];

    /// a command does not start with SIGPIPE ignored
    command_pipe(SHELL) => [posix::SHELL_COMMAND_SIGNALS];

    /// `$?` of an assignment is that of the command substitution in it, also where a signal killed the command
    substitution(SHELL) => [posix::SHELL_SUBSTITUTION];

    /// `!` turns success into failure, and failure and death by a signal into success
    not(SHELL) => [posix::SHELL_NOT];

    /// with `set -e`, a script exits after a command that failed or was killed by a signal
    errexit(SHELL) => [posix::SHELL_ERREXIT];

    /// a trap on EXIT sees the exit status in `$?`, and does not change it
    exit_trap(SHELL) => [posix::SHELL_EXIT_TRAP];

    /// `exit` in a trap exits with the status of the command before the trap
    exit_in_trap(SHELL) => [posix::SHELL_EXIT_IN_TRAP];

    /// `$?` after starting a background command is 0, whatever it was before and however the command terminates
    background(SHELL) => [posix::SHELL_BACKGROUND_STATUS];

    /// `$?` for a command that is not found is 127
    not_found(SHELL) => [posix::SHELL_NOT_FOUND];

    /// `$?` for a command that cannot be executed is 126
    not_executable(SHELL) => [posix::SHELL_NOT_EXECUTABLE];

    /// `$?` for a command that cannot be executed is 126 or 127, whatever the reason
    not_run(SHELL) => [posix::SHELL_NOT_RUN, posix::SHELL_NOT_FOUND, posix::SHELL_NOT_EXECUTABLE];

    /// `$?` of a pipeline is that of its last command
    pipeline(SHELL) => [posix::SHELL_PIPELINE];

    /// with `pipefail`, `$?` of a pipeline is that of the last command that failed
    pipefail(SHELL) => [posix::SHELL_PIPEFAIL];

    /// with `pipefail`, a command that a signal killed has failed
    pipefail_killed(SHELL) => [posix::SHELL_PIPEFAIL];
}

fn exit_status(t: &mut Trial) -> Outcome {
    let codes = [0, 1, 2, 7, 42, 126, 127, 128, 143, 255];
    let mut script = String::new();
    for code in codes {
        let child = t.offer(Scenario::exits(code));
        script += &format!("{}\necho c{code}=$?\n", child.command);
    }
    let last = t.offer(Scenario::exits(9));
    t.script(&(script + &last.command + "\n"))?;
    let ran = t.exit()?;
    let out = t.output()?.out;
    for code in codes {
        let got = value(&out, &format!("c{code}"));
        t.expect(&posix::SHELL_EXIT_STATUS).that(got == Some(code), format!("$? {code}"), said("$?", got))?;
    }
    let got = said("exit code", ran.code());
    t.expect(&posix::SHELL_EXIT_STATUS).that(ran.code() == Some(9), "the script to exit with 9", got)?;
    let last = t.offer(Scenario::exits(9));
    t.script(&format!("{}\nexit\n", last.command))?;
    let ran = t.exit()?;
    let got = said("exit code", ran.code());
    t.expect(&posix::SHELL_EXIT_STATUS).that(ran.code() == Some(9), "exit to exit with 9", got)
}

fn signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::HUP, Signal::KILL, Signal::USR1, Signal::TERM] {
        dies_of(t, signal, Step::kill_self(signal))?;
    }
    Ok(())
}

fn core_dumped(t: &mut Trial) -> Outcome {
    // SIGABRT has two names.
    let death = Death { signal: Signal::SEGV, core: Some(true), report: false };
    dies_of(t, Signal::SEGV, Step::KillSelf(death))
}

/// A command that performs this step is killed by that signal.
fn dies_of(t: &mut Trial, signal: Signal, death: Step) -> Outcome {
    let child = t.offer(Scenario::of([death]));
    t.script(&format!("{}\ns=$?\necho s=$s\ntype kill\nkill -l $s\n", child.command))?;
    t.exit()?;
    let out = t.output()?.out;
    let status = value(&out, "s");
    let got = said("$?", status);
    let over = status.is_some_and(|status| status > 128);
    let expected = format!("$? over 128 for {signal}");
    t.expect(&posix::SHELL_SIGNAL_OVER_128).that(over, expected, got.clone())?;
    match t.contract().signal_code() {
        Some(SignalCode::Above(base)) => {
            let wanted = base + signal.number();
            let expected = format!("$? {wanted} for {signal}");
            t.expect(&promise::WRAPPER_SIGNAL_CODE).that(status == Some(wanted), expected, got)?;
        }
        _ => t.record("wrapper/signal-code", format!("{signal}: {got}")),
    }
    names(t, &out, signal)
}

/// Checks that the last line names a signal: what `kill -l` writes, if that is built in.
pub(super) fn names(t: &mut Trial, out: &str, signal: Signal) -> Outcome {
    let is_built_in = out.lines().any(|line| line.contains("kill") && line.contains("builtin"));
    if !is_built_in {
        return t.expect(&posix::SHELL_KILL_L).not_observed("kill is not built in");
    }
    let name = out.lines().next_back().unwrap_or_default().trim().to_owned();
    let known = name.trim_start_matches("SIG") == signal.to_string().trim_start_matches("SIG");
    t.expect(&posix::SHELL_KILL_L).that(known, format!("the name of {signal}"), name)
}

fn realtime_signal(t: &mut Trial) -> Outcome {
    let Some(range) = Signal::realtime_range_on(t.system()) else {
        return Err(Abort::Skip("there are no real-time signals".to_owned()));
    };
    // Those at the beginning are the C library's own.
    let signal = Signal::from_number_on(range.start() + 5, t.system());
    let child = t.offer(Scenario::dies(signal));
    let status = status_of(t, &child.command)?;
    let over = status.is_some_and(|status| status > 128);
    let expected = format!("$? over 128 for {signal}");
    t.expect(&posix::SHELL_SIGNAL_OVER_128).that(over, expected, said("$?", status))?;
    let Some(SignalCode::Above(base)) = t.contract().signal_code() else { return Ok(()) };
    let wanted = base + t.number(signal);
    let expected = format!("$? {wanted} for {signal}");
    t.expect(&promise::WRAPPER_SIGNAL_CODE).that(status == Some(wanted), expected, said("$?", status))
}

fn last_killed(t: &mut Trial) -> Outcome {
    let child = t.offer(Scenario::dies(Signal::TERM));
    // With one before it, no shell execs the last command.
    t.script(&format!("echo begins=1\n{}\n", child.command))?;
    let ran = t.exit()?;
    let killed = ran == ProgramOutcome::Ended(Change::Killed(Signal::TERM, false));
    let over = ran.code().is_some_and(|code| code > 128);
    t.expect(&posix::SHELL_SIGNAL_OVER_128).that(
        over || killed,
        "the shell to exit with over 128, or die of SIGTERM",
        ran.outcome(),
    )
}

fn subshell(t: &mut Trial) -> Outcome {
    let (first, last) = (t.offer(Scenario::exits(0)), t.offer(Scenario::exits(7)));
    let got = status_of(t, &format!("({}; {})", first.command, last.command))?;
    t.expect(&posix::SHELL_SUBSHELL).that(got == Some(7), "$? 7", said("$?", got))?;
    let (first, last) = (t.offer(Scenario::exits(0)), t.offer(Scenario::dies(Signal::TERM)));
    let got = status_of(t, &format!("({}; {})", first.command, last.command))?;
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_SUBSHELL).that(over, "$? over 128", said("$?", got))
}

/// Both signals that a terminal sends to the foreground.
const KEYS: [Signal; 2] = [Signal::INT, Signal::QUIT];

fn background_interrupt(t: &mut Trial) -> Outcome {
    let how = How { keeps_signals: true, ..How::default() };
    let child = t.offer_how(&how, Scenario::held());
    t.script(&format!("{} &\nwait $!\necho s=$?\n", child.command))?;
    let child = t.meet(&child)?;
    for signal in KEYS {
        t.try_signal(&child, signal)?;
    }
    // One that has died does not answer.
    if matches!(t.try_tell(&child, Step::Getids), Ok(Ok(_))) {
        t.tell(&child, Step::exit(7))?;
    }
    let got = t.awaited("s")?;
    let expected = "the command to survive SIGINT and SIGQUIT";
    t.expect(&posix::SHELL_BACKGROUND_IGNORES).that(got == Some(7), expected, said("$?", got))
}

fn command_signals(t: &mut Trial) -> Outcome {
    let clause = &posix::SHELL_COMMAND_SIGNALS;
    t.with.how = How { ignored: vec![Signal::USR2], ..How::default() };
    let child = t.offer_how(&How { keeps_signals: true, ..How::default() }, Scenario::held());
    let traps = "trap '' USR1\ntrap 'echo trapped=1' TERM\n";
    t.script(&format!("{traps}{}\necho s=$?\n", child.command))?;
    let child = t.meet(&child)?;
    for signal in [Signal::USR1, Signal::USR2] {
        t.try_signal(&child, signal)?;
    }
    // One that has died does not answer.
    let lives = matches!(t.try_tell(&child, Step::Getids), Ok(Ok(_)));
    t.expect(clause).that(lives, "the command to survive SIGUSR1 and SIGUSR2", "it is gone")?;
    t.try_signal(&child, Signal::TERM)?;
    let survives = matches!(t.try_tell(&child, Step::Getids), Ok(Ok(_)));
    if survives {
        t.tell(&child, Step::exit(0))?;
    }
    t.expect(clause).that(!survives, "SIGTERM to kill the command", "it survives")?;
    let got = t.awaited("s")?;
    let over = got.is_some_and(|status| status > 128);
    t.expect(clause).that(over, "$? over 128", said("$?", got))
}

fn command_pipe(t: &mut Trial) -> Outcome {
    // The children of a trial begin with SIGPIPE ignored by their own runtime. A shell cannot reset what was ignored at its start.
    let got = status_of(t, "sh -c 'kill -s PIPE $$; exit 5'")?;
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_COMMAND_SIGNALS).that(over, "SIGPIPE to kill the command", said("$?", got))
}

fn substitution(t: &mut Trial) -> Outcome {
    let child = t.offer(Scenario::exits(7));
    let got = status_of(t, &format!("v=$({})", child.command))?;
    t.expect(&posix::SHELL_SUBSTITUTION).that(got == Some(7), "$? 7", said("$?", got))?;
    let child = t.offer(Scenario::dies(Signal::TERM));
    let got = status_of(t, &format!("v=$({})", child.command))?;
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_SUBSTITUTION).that(over, "$? over 128", said("$?", got))
}

fn not(t: &mut Trial) -> Outcome {
    for (scenario, wanted) in
        [(Scenario::exits(0), 1), (Scenario::exits(7), 0), (Scenario::dies(Signal::TERM), 0)]
    {
        let child = t.offer(scenario);
        let got = status_of(t, &format!("! {}", child.command))?;
        t.expect(&posix::SHELL_NOT).that(got == Some(wanted), format!("$? {wanted}"), said("$?", got))?;
    }
    Ok(())
}

fn errexit(t: &mut Trial) -> Outcome {
    for (scenario, status) in [(Scenario::exits(7), Some(7)), (Scenario::dies(Signal::TERM), None)] {
        let (first, fails) = (t.offer(Scenario::exits(0)), t.offer(scenario));
        t.script(&format!("set -e\n{}\necho a=1\n{}\necho b=1\n", first.command, fails.command))?;
        let ran = t.exit()?;
        let out = t.output()?.out;
        let begun = value(&out, "a").is_some();
        t.expect(&posix::SHELL_ERREXIT).that(begun, "to go on after a success", "it exits")?;
        let ended = value(&out, "b").is_none();
        t.expect(&posix::SHELL_ERREXIT).that(ended, "to exit after a failure", "it goes on")?;
        exits_as(t, &posix::SHELL_ERREXIT, &ran, status)?;
    }
    Ok(())
}

/// The shell exits with that status, or as after a command killed by SIGTERM.
fn exits_as(t: &mut Trial, clause: &'static Clause, ran: &ProgramOutcome, status: Option<i32>) -> Outcome {
    let killed = *ran == ProgramOutcome::Ended(Change::Killed(Signal::TERM, false));
    let (held, expected) = match status {
        Some(status) => (ran.code() == Some(status), format!("the shell to exit with {status}")),
        None => {
            let over = ran.code().is_some_and(|code| code > 128);
            (over || killed, "the shell to exit with over 128, or die of SIGTERM".to_owned())
        }
    };
    t.expect(clause).that(held, expected, ran.outcome())
}

fn exit_trap(t: &mut Trial) -> Outcome {
    let (fails, dies) = (t.offer(Scenario::exits(7)), t.offer(Scenario::dies(Signal::TERM)));
    let ends = [("exit 5".to_owned(), Some(5)), (fails.command, Some(7)), (dies.command, None)];
    for (last, status) in ends {
        t.script(&format!("trap 'echo t=$?' EXIT\n{last}\n"))?;
        let ran = t.exit()?;
        let seen = value(&t.output()?.out, "t");
        let (held, expected) = match status {
            Some(status) => (seen == Some(status), format!("$? {status} in the trap")),
            None => (seen.is_some_and(|seen| seen > 128), "$? over 128 in the trap".to_owned()),
        };
        t.expect(&posix::SHELL_EXIT_TRAP).that(held, expected, said("$?", seen))?;
        exits_as(t, &posix::SHELL_EXIT_TRAP, &ran, status)?;
    }
    Ok(())
}

fn exit_in_trap(t: &mut Trial) -> Outcome {
    let child = t.offer(Scenario::held());
    t.script(&format!("trap '(exit 3); exit' USR1\n{}\n", child.command))?;
    let child = t.meet(&child)?;
    t.await_program_asleep()?;
    t.signal_program(Signal::USR1)?;
    t.settle()?;
    if !t.has_exited()? {
        t.tell(&child, Step::exit(5))?;
    }
    let ran = t.exit()?;
    let got = said("exit code", ran.code());
    t.expect(&posix::SHELL_EXIT_IN_TRAP).that(ran.code() == Some(5), "the script to exit with 5", got)
}

fn background(t: &mut Trial) -> Outcome {
    let (before, other) = (t.offer(Scenario::exits(3)), t.offer(Scenario::exits(5)));
    t.script(&format!("{}\n{} &\necho s=$?\nwait $!\necho w=$?\n", before.command, other.command))?;
    t.exit()?;
    let out = t.output()?.out;
    let got = value(&out, "s");
    t.expect(&posix::SHELL_BACKGROUND_STATUS).that(got == Some(0), "$? 0", said("$?", got))?;
    let got = value(&out, "w");
    t.expect(&posix::SHELL_BACKGROUND_STATUS).that(got == Some(5), "$? 5 of wait", said("$?", got))
}

/// The `$?` of a command that is not a child of the trial.
fn status_of(t: &mut Trial, command: &str) -> Result<Option<i32>, Abort> {
    t.script(&format!("{command}\necho s=$?\n"))?;
    t.exit()?;
    Ok(value(&t.output()?.out, "s"))
}

fn not_found(t: &mut Trial) -> Outcome {
    let got = status_of(t, "/no-such-folder/no-such-program")?;
    t.expect(&posix::SHELL_NOT_FOUND).that(got == Some(127), "$? 127", said("$?", got))?;
    // A failed exec makes the shell exit.
    t.script("exec /no-such-folder/no-such-program\n")?;
    let ran = t.exit()?;
    let got = said("exit code", ran.code());
    t.expect(&posix::SHELL_NOT_FOUND).that(ran.code() == Some(127), "the shell to exit with 127", got)
}

fn not_executable(t: &mut Trial) -> Outcome {
    let got = status_of(t, "/dev/null")?;
    t.expect(&posix::SHELL_NOT_EXECUTABLE).that(got == Some(126), "$? 126", said("$?", got))
}

fn not_run(t: &mut Trial) -> Outcome {
    let long = format!("/{}", "x".repeat(300));
    let commands: [(&str, &'static Clause, RangeInclusive<i32>); 4] = [
        ("no-such-program", &posix::SHELL_NOT_FOUND, 127..=127),
        ("/", &posix::SHELL_NOT_EXECUTABLE, 126..=126),
        // Neither clearly not found nor found.
        ("/dev/null/program", &posix::SHELL_NOT_RUN, 126..=127),
        (&long, &posix::SHELL_NOT_RUN, 126..=127),
    ];
    for (command, clause, codes) in commands {
        let got = status_of(t, command)?;
        let held = got.is_some_and(|status| codes.contains(&status));
        let expected = if codes.start() == codes.end() {
            format!("$? {}", codes.start())
        } else {
            "$? 126 or 127".to_owned()
        };
        t.expect(clause).that(held, expected, said("$?", got))?;
    }
    Ok(())
}

/// The `$?` of a pipeline of commands that exit with these codes.
fn of_pipeline(t: &mut Trial, before: &str, codes: &[i32]) -> Result<Option<i32>, Abort> {
    let commands: Vec<String> = codes.iter().map(|code| t.offer(Scenario::exits(*code)).command).collect();
    t.script(&format!("{before}{}\necho s=$?\n", commands.join(" | ")))?;
    t.exit()?;
    t.await_nobody()?;
    Ok(value(&t.output()?.out, "s"))
}

fn pipeline(t: &mut Trial) -> Outcome {
    for (codes, last) in [([3, 5], 5), ([3, 0], 0)] {
        let got = of_pipeline(t, "", &codes)?;
        t.expect(&posix::SHELL_PIPELINE).that(got == Some(last), format!("$? {last}"), said("$?", got))?;
    }
    Ok(())
}

/// Whether the shell has the option. Some exit on one that they do not know.
fn has_pipefail(t: &mut Trial) -> Result<bool, Abort> {
    Ok(status_of(t, "(set -o pipefail) 2> /dev/null")? == Some(0))
}

const NO_PIPEFAIL: &str = "the shell is of an earlier edition, without pipefail";

fn pipefail_killed(t: &mut Trial) -> Outcome {
    if !has_pipefail(t)? {
        return t.expect(&posix::SHELL_PIPEFAIL).not_observed(NO_PIPEFAIL);
    }
    let (killed, last) = (t.offer(Scenario::dies(Signal::TERM)), t.offer(Scenario::exits(0)));
    t.script(&format!("set -o pipefail\n{} | {}\necho s=$?\n", killed.command, last.command))?;
    t.exit()?;
    t.await_nobody()?;
    let got = value(&t.output()?.out, "s");
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_PIPEFAIL).that(over, "$? over 128", said("$?", got))
}

fn pipefail(t: &mut Trial) -> Outcome {
    if !has_pipefail(t)? {
        return t.expect(&posix::SHELL_PIPEFAIL).not_observed(NO_PIPEFAIL);
    }
    for (codes, failed) in [([3, 0], 3), ([3, 5], 5), ([5, 3], 3), ([0, 0], 0)] {
        let got = of_pipeline(t, "set -o pipefail\n", &codes)?;
        t.expect(&posix::SHELL_PIPEFAIL).that(
            got == Some(failed),
            format!("$? {failed}"),
            said("$?", got),
        )?;
    }
    Ok(())
}
