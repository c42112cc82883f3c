//! What `$?` is after a command.

use super::{said, value};
use crate::scenario::{Scenario, Step};
use crate::spec::contracts::SignalCode;
use crate::spec::{posix, promise};
use crate::trial::program::Trial;
use crate::trial::{Outcome, cases};
use crate::wait::Signal;

cases! { program "shell";

    /// `$?` is the exit status of a command, and that of a script is that of its last command
    exit_status(SHELL) => [posix::SHELL_EXIT_STATUS];

    /// `$?` after a death by a signal is over 128, and `kill -l` knows the signal
    signal(SHELL) => [posix::SHELL_SIGNAL_OVER_128, posix::SHELL_KILL_L, promise::WRAPPER_SIGNAL_CODE];

    /// `$?` of a command that is not there is 127
    not_found(SHELL) => [posix::SHELL_NOT_FOUND];

    /// `$?` of a command that cannot be run is 126
    not_executable(SHELL) => [posix::SHELL_NOT_EXECUTABLE];

    /// `$?` of a pipeline is that of its last command
    pipeline(SHELL) => [posix::SHELL_PIPELINE];

    /// with `pipefail`, `$?` of a pipeline is that of the last command that failed
    pipefail(SHELL) => [posix::SHELL_PIPEFAIL];
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
    t.expect(&posix::SHELL_EXIT_STATUS).that(ran.code() == Some(9), "the script to exit with 9", got)
}

fn signal(t: &mut Trial) -> Outcome {
    for signal in [Signal::HUP, Signal::KILL, Signal::USR1, Signal::TERM] {
        let child = t.offer(Scenario::of([Step::kill_self(signal)]));
        t.script(&format!("{}\ns=$?\necho s=$s\ntype kill\nkill -l $s\n", child.command))?;
        t.exit()?;
        let out = t.output()?.out;
        let status = value(&out, "s");
        let got = said("$?", status);
        let over = status.is_some_and(|status| status > 128);
        t.expect(&posix::SHELL_SIGNAL_OVER_128).that(
            over,
            format!("$? over 128 for {signal}"),
            got.clone(),
        )?;
        match t.contract().signal_code() {
            Some(SignalCode::Above(base)) => {
                let wanted = base + signal.number();
                let expected = format!("$? {wanted} for {signal}");
                t.expect(&promise::WRAPPER_SIGNAL_CODE).that(status == Some(wanted), expected, got)?;
            }
            _ => t.record("wrapper/signal-code", format!("{signal}: {got}")),
        }
        let is_built_in = out.lines().any(|line| line.contains("kill") && line.contains("builtin"));
        if !is_built_in {
            t.expect(&posix::SHELL_KILL_L).not_observed("kill is not built in")?;
            continue;
        }
        let name = out.lines().next_back().unwrap_or_default().trim().to_owned();
        let known = name.trim_start_matches("SIG") == signal.to_string().trim_start_matches("SIG");
        t.expect(&posix::SHELL_KILL_L).that(known, format!("the name of {signal}"), name)?;
    }
    Ok(())
}

/// The `$?` of a command that is no child of the trial.
fn status_of(t: &mut Trial, command: &str) -> Result<Option<i32>, crate::trial::Abort> {
    t.script(&format!("{command}\necho s=$?\n"))?;
    t.exit()?;
    Ok(value(&t.output()?.out, "s"))
}

fn not_found(t: &mut Trial) -> Outcome {
    let got = status_of(t, "/no-such-folder/no-such-program")?;
    t.expect(&posix::SHELL_NOT_FOUND).that(got == Some(127), "$? 127", said("$?", got))?;
    // An exec that fails ends the shell.
    t.script("exec /no-such-folder/no-such-program\n")?;
    let ran = t.exit()?;
    let got = said("exit code", ran.code());
    t.expect(&posix::SHELL_NOT_FOUND).that(ran.code() == Some(127), "the shell to exit with 127", got)
}

fn not_executable(t: &mut Trial) -> Outcome {
    let got = status_of(t, "/dev/null")?;
    t.expect(&posix::SHELL_NOT_EXECUTABLE).that(got == Some(126), "$? 126", said("$?", got))
}

/// The `$?` of a pipeline of commands that exit with these codes.
fn of_pipeline(t: &mut Trial, before: &str, codes: &[i32]) -> Result<Option<i32>, crate::trial::Abort> {
    let commands: Vec<String> = codes.iter().map(|code| t.offer(Scenario::exits(*code)).command).collect();
    t.script(&format!("{before}{}\necho s=$?\n", commands.join(" | ")))?;
    t.exit()?;
    Ok(value(&t.output()?.out, "s"))
}

fn pipeline(t: &mut Trial) -> Outcome {
    for (codes, last) in [([3, 5], 5), ([3, 0], 0)] {
        let got = of_pipeline(t, "", &codes)?;
        t.expect(&posix::SHELL_PIPELINE).that(got == Some(last), format!("$? {last}"), said("$?", got))?;
    }
    Ok(())
}

fn pipefail(t: &mut Trial) -> Outcome {
    // Some shells exit on an option that they do not know.
    let has = status_of(t, "(set -o pipefail) 2> /dev/null")?;
    if has != Some(0) {
        return t
            .expect(&posix::SHELL_PIPEFAIL)
            .not_observed("the shell is of an earlier edition, without pipefail");
    }
    for (codes, failed) in [([3, 0], 3), ([3, 5], 5), ([0, 0], 0)] {
        let got = of_pipeline(t, "set -o pipefail\n", &codes)?;
        t.expect(&posix::SHELL_PIPEFAIL).that(
            got == Some(failed),
            format!("$? {failed}"),
            said("$?", got),
        )?;
    }
    Ok(())
}
