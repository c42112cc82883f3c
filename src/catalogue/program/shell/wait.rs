//! `wait`, and traps that interrupt it.

use super::status::names;
use super::{asleep_with, said, value};
use crate::scenario::{Scenario, Step};
use crate::spec::posix;
use crate::trial::program::Trial;
use crate::trial::{Abort, Child, Outcome, cases};
use crate::wait::Signal;

cases! { program "shell-wait";

    /// `wait PID` returns the exit status of that command, whenever it terminates
    pid(SHELL) => [posix::SHELL_WAIT_PID];

    /// `wait PID` returns the status of a command that terminated while another one ran in the foreground
    after_foreground(SHELL) => [posix::SHELL_WAIT_PID];

    /// `wait PID` returns the status of a command that terminated during a command substitution
    after_substitution(SHELL) => [posix::SHELL_WAIT_PID];

    /// `wait PID` returns that a command was killed, not that it had stopped before
    killed_while_stopped(SHELL) => [posix::SHELL_KILL_L, posix::SHELL_WAIT_PID];

    /// in a subshell in the background, a signal that has a trap in the shell outside of it takes its default action
    subshell_traps(SHELL) => [posix::SHELL_SUBSHELL_TRAPS];

    /// `wait PID` returns 127 for a process that is not a child, and in a subshell for a command of the shell outside of it
    unknown(SHELL) => [posix::SHELL_WAIT_UNKNOWN];

    /// `wait` without operands waits for every command and returns 0
    all(SHELL) => [posix::SHELL_WAIT_ALL];

    /// `wait` without operands returns 0 if there is nothing to wait for
    none(SHELL) => [posix::SHELL_WAIT_ALL];

    /// `wait` with several operands returns the status of the last one
    several(SHELL) => [posix::SHELL_WAIT_SEVERAL];

    /// `wait` with several operands waits for the others even if one of them has failed
    several_in_order(SHELL) => [posix::SHELL_WAIT_SEVERAL];

    /// `wait` with several operands, the last of which is not a child, returns 127
    several_unknown(SHELL) => [posix::SHELL_WAIT_SEVERAL, posix::SHELL_WAIT_UNKNOWN];

    /// `wait $!` for a background pipeline returns the status of its last command
    pipeline(SHELL) => [posix::SHELL_WAIT_PIPELINE];

    /// a signal with a trap interrupts `wait`, and the trap runs
    trap(SHELL) => [posix::SHELL_WAIT_TRAP, posix::SHELL_RUNS_TRAP, posix::SHELL_WAIT_AGAIN];

    /// a signal with a trap also interrupts `wait` without operands
    trap_all(SHELL) => [posix::SHELL_WAIT_TRAP, posix::SHELL_RUNS_TRAP];

    /// a signal that has a trap does not end the wait for a command in the foreground, and the trap runs before the next command
    trap_in_foreground(SHELL) => [posix::SHELL_TRAP_DEFERRED];

    /// an ignored signal does not interrupt `wait`
    trap_ignored(SHELL) => [posix::SHELL_WAIT_IGNORED];

    /// the statuses of 25 commands are remembered
    remembers(SHELL) => [posix::SHELL_REMEMBERS];

    /// how many of a thousand statuses are remembered is recorded
    remembers_more(SHELL) => [posix::SHELL_REMEMBERS_MORE];

    /// `wait`, with an operand or without, keeps waiting for a command that stops and continues
    stop_is_no_exit(SHELL) => [posix::SHELL_STOP_IS_NO_EXIT];

    /// what a second `wait PID` returns is recorded
    twice(SHELL) => [posix::SHELL_WAIT_TWICE];

    /// whether a trap on CHLD interrupts `wait` is recorded
    chld_trap(SHELL) => [posix::SHELL_CHLD_TRAP];

    /// what `wait -n` and `wait -p` do is recorded
    options(SHELL) => [posix::SHELL_WAIT_OPTIONS];
}

/// Runs a script with two held commands, and returns these children.
fn two_jobs(t: &mut Trial, script: impl FnOnce(&str, &str) -> String) -> Result<(Child, Child), Abort> {
    let (first, second) = (t.offer(Scenario::held()), t.offer(Scenario::held()));
    t.script(&script(&first.command, &second.command))?;
    Ok((t.meet(&first)?, t.meet(&second)?))
}

fn pid(t: &mut Trial) -> Outcome {
    let child = asleep_with(t, |child| format!("{child} &\np=$!\necho ready=1\nwait $p\necho s=$?\n"))?;
    t.tell(&child, Step::exit(7))?;
    let got = t.awaited("s")?;
    t.expect(&posix::SHELL_WAIT_PID).that(got == Some(7), "$? 7", said("$?", got))?;
    t.exit()?;
    // One that has already terminated, and one killed by a signal.
    let (exits, dies) = (t.offer(Scenario::exits(3)), t.offer(Scenario::dies(Signal::TERM)));
    let script = format!(
        "{} &\np=$!\n{} &\nq=$!\nwait $p\necho s=$?\nwait $q\necho d=$?\n",
        exits.command, dies.command
    );
    t.script(&script)?;
    t.exit()?;
    let out = t.output()?.out;
    let (got, died) = (value(&out, "s"), value(&out, "d"));
    t.expect(&posix::SHELL_WAIT_PID).that(got == Some(3), "$? 3", said("$?", got))?;
    let over = died.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_WAIT_PID).that(over, "$? over 128", said("$?", died))
}

fn after_foreground(t: &mut Trial) -> Outcome {
    terminates_during(t, str::to_owned)
}

fn after_substitution(t: &mut Trial) -> Outcome {
    terminates_during(t, |command| format!("v=$({command})"))
}

/// A command in the background terminates while the shell waits for this line, which runs another.
fn terminates_during(t: &mut Trial, line: impl Fn(&str) -> String) -> Outcome {
    // One that has exited with 0 must not be taken for one that the shell does not know.
    for code in [5, 0] {
        let script =
            |first: &str, second: &str| format!("{first} &\np=$!\n{}\nwait $p\necho s=$?\n", line(second));
        let (first, second) = two_jobs(t, script)?;
        t.tell(&first, Step::exit(code))?;
        // The shell reaps it now, or later.
        t.goes(&first)?;
        t.tell(&second, Step::exit(4))?;
        t.exit()?;
        let got = value(&t.output()?.out, "s");
        t.expect(&posix::SHELL_WAIT_PID).that(got == Some(code), format!("$? {code}"), said("$?", got))?;
    }
    Ok(())
}

fn killed_while_stopped(t: &mut Trial) -> Outcome {
    let child = asleep_with(t, |child| {
        format!("{child} &\np=$!\necho ready=1\nwait $p\ns=$?\necho s=$s\ntype kill\nkill -l $s\n")
    })?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped_or_exit(&child)?;
    // One that sees the stop has seen it by then.
    t.settle()?;
    let early = value(&t.output()?.out, "s").is_some();
    t.try_signal(&child, Signal::KILL)?;
    if early {
        return t.expect(&posix::SHELL_KILL_L).not_observed("its wait has returned at the stop");
    }
    t.exit()?;
    let out = t.output()?.out;
    let got = value(&out, "s");
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_WAIT_PID).that(over, "$? over 128", said("$?", got))?;
    names(t, &out, Signal::KILL)
}

fn subshell_traps(t: &mut Trial) -> Outcome {
    let (child, gate) = (t.offer(Scenario::held()), t.offer(Scenario::held()));
    let script = format!(
        "trap 'echo trapped=1' USR1\n({}; echo after=1) &\np=$!\n{}\nkill -s USR1 $p\nwait $p\necho s=$?\n",
        child.command, gate.command
    );
    t.script(&script)?;
    let (child, gate) = (t.meet(&child)?, t.meet(&gate)?);
    t.tell(&gate, Step::exit(0))?;
    // A subshell that catches the signal waits for its command first.
    t.output_soon("s=")?;
    t.tell(&child, Step::exit(0))?;
    let got = t.awaited("s")?;
    let over = got.is_some_and(|status| status > 128);
    let expected = "SIGUSR1 to kill the subshell";
    t.expect(&posix::SHELL_SUBSHELL_TRAPS).that(over, expected, said("$? of wait", got))?;
    t.exit()?;
    let ran = t.output()?.out.contains("trapped=1");
    t.expect(&posix::SHELL_SUBSHELL_TRAPS).that(!ran, "no trap in the subshell", "it runs")
}

fn unknown(t: &mut Trial) -> Outcome {
    t.script("wait 1\necho s=$?\n")?;
    t.exit()?;
    let got = value(&t.output()?.out, "s");
    t.expect(&posix::SHELL_WAIT_UNKNOWN).that(got == Some(127), "$? 127", said("$?", got))?;
    // Alive all the while: a subshell may know the status of one that its parent has reaped.
    let child = t.offer(Scenario::held());
    t.script(&format!("{} &\np=$!\n(wait $p; echo s=$?)\nwait\n", child.command))?;
    let child = t.meet(&child)?;
    let got = t.awaited("s")?;
    t.tell(&child, Step::exit(3))?;
    t.exit()?;
    t.expect(&posix::SHELL_WAIT_UNKNOWN).that(got == Some(127), "$? 127 in the subshell", said("$?", got))
}

fn none(t: &mut Trial) -> Outcome {
    // Both before there has been a command and after the last one has been waited for.
    let child = t.offer(Scenario::exits(3));
    t.script(&format!("wait\necho n=$?\n{} &\nwait $!\nwait\necho s=$?\n", child.command))?;
    let ran = t.exit()?;
    t.expect(&posix::SHELL_WAIT_ALL).returns(&ran)?;
    let out = t.output()?.out;
    for name in ["n", "s"] {
        let got = value(&out, name);
        t.expect(&posix::SHELL_WAIT_ALL).that(got == Some(0), "$? 0", said("$?", got))?;
    }
    Ok(())
}

fn all(t: &mut Trial) -> Outcome {
    let (first, second) =
        two_jobs(t, |first, second| format!("{first} &\n{second} &\necho ready=1\nwait\necho s=$?\n"))?;
    t.awaited("ready")?;
    t.tell(&first, Step::exit(3))?;
    // Once it has been reaped, or should have been, the shell sleeps again.
    t.goes(&first)?;
    t.await_program_asleep()?;
    let early = value(&t.output()?.out, "s");
    t.expect(&posix::SHELL_WAIT_ALL).that(
        early.is_none(),
        "a wait for the second command",
        said("$?", early),
    )?;
    t.tell(&second, Step::exit(5))?;
    let got = t.awaited("s")?;
    t.expect(&posix::SHELL_WAIT_ALL).that(got == Some(0), "$? 0", said("$?", got))
}

fn several(t: &mut Trial) -> Outcome {
    let (first, second) =
        two_jobs(t, |first, second| format!("{first} &\np=$!\n{second} &\nq=$!\nwait $p $q\necho s=$?\n"))?;
    // The last one terminates first: a shell that only considers the last death gets this wrong.
    t.tell(&second, Step::exit(5))?;
    t.await_ended(&second)?;
    t.tell(&first, Step::exit(3))?;
    t.exit()?;
    let got = value(&t.output()?.out, "s");
    t.expect(&posix::SHELL_WAIT_SEVERAL).that(got == Some(5), "$? 5", said("$?", got))
}

fn several_in_order(t: &mut Trial) -> Outcome {
    let (first, second) = two_jobs(t, |first, second| {
        format!("{first} &\np=$!\n{second} &\nq=$!\necho ready=1\nwait $p $q\necho s=$?\n")
    })?;
    t.awaited("ready")?;
    t.await_program_asleep()?;
    t.tell(&first, Step::exit(3))?;
    // Once that is reaped, the shell sleeps again, or has moved on.
    t.goes(&first)?;
    t.await_program_asleep()?;
    t.tell(&second, Step::exit(5))?;
    let got = t.awaited("s")?;
    t.expect(&posix::SHELL_WAIT_SEVERAL).that(got == Some(5), "$? 5", said("$?", got))
}

fn several_unknown(t: &mut Trial) -> Outcome {
    let child = asleep_with(t, |child| format!("{child} &\np=$!\necho ready=1\nwait 1 $p\necho s=$?\n"))?;
    t.tell(&child, Step::exit(3))?;
    let got = t.awaited("s")?;
    t.expect(&posix::SHELL_WAIT_SEVERAL).that(got == Some(3), "$? 3", said("$?", got))?;
    let child = t.offer(Scenario::exits(3));
    t.script(&format!("{} &\np=$!\nwait $p 1\necho s=$?\n", child.command))?;
    t.exit()?;
    let got = value(&t.output()?.out, "s");
    t.expect(&posix::SHELL_WAIT_UNKNOWN).that(got == Some(127), "$? 127", said("$?", got))
}

fn pipeline(t: &mut Trial) -> Outcome {
    let (first, last) = (t.offer(Scenario::exits(3)), t.offer(Scenario::exits(5)));
    t.script(&format!("{} | {} &\nwait $!\necho s=$?\nwait\n", first.command, last.command))?;
    t.exit()?;
    t.await_nobody()?;
    let got = value(&t.output()?.out, "s");
    t.expect(&posix::SHELL_WAIT_PIPELINE).that(got == Some(5), "$? 5", said("$?", got))
}

fn trap(t: &mut Trial) -> Outcome {
    let child = asleep_with(t, |child| {
        format!(
            "trap 'echo trapped=1' USR1\n{child} &\np=$!\necho ready=1\nwait $p\ns=$?\necho s=$s\nwait $p\necho t=$?\n"
        )
    })?;
    t.signal_program(Signal::USR1)?;
    let came = t.output_soon("s=")?;
    let got = value(&came, "s");
    if got.is_none() {
        // The command's exit ends the wait, so that the rest can be observed.
        t.tell(&child, Step::exit(5))?;
        return t.expect(&posix::SHELL_WAIT_TRAP).that(false, "the wait to return", "it keeps waiting");
    }
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_WAIT_TRAP).that(over, "$? over 128", said("$?", got))?;
    runs_trap(t, &came)?;
    t.tell(&child, Step::exit(5))?;
    let again = t.awaited("t")?;
    t.expect(&posix::SHELL_WAIT_AGAIN).that(again == Some(5), "$? 5", said("$?", again))?;
    let times = t.output()?.out.matches("trapped=1").count();
    t.expect(&posix::SHELL_RUNS_TRAP).that(
        times == 1,
        "the trap to run once",
        format!("it ran {times} times"),
    )
}

/// The trap ran before the command after the wait.
fn runs_trap(t: &mut Trial, came: &str) -> Outcome {
    let ran = came.find("trapped=1").is_some_and(|at| came.find("s=").is_some_and(|s| at < s));
    t.expect(&posix::SHELL_RUNS_TRAP).that(ran, "the trap to run before the next command", "it did not")
}

fn trap_all(t: &mut Trial) -> Outcome {
    let (first, second) = two_jobs(t, |first, second| {
        format!(
            "trap 'echo trapped=1' USR1\n{first} &\n{second} &\necho ready=1\nwait\ns=$?\necho s=$s\nwait\n"
        )
    })?;
    t.awaited("ready")?;
    t.await_program_asleep()?;
    t.signal_program(Signal::USR1)?;
    let came = t.output_soon("s=")?;
    let got = value(&came, "s");
    t.tell(&first, Step::exit(5))?;
    t.tell(&second, Step::exit(5))?;
    t.expect(&posix::SHELL_WAIT_TRAP).that(got.is_some(), "the wait to return", "it keeps waiting")?;
    let over = got.is_some_and(|status| status > 128);
    t.expect(&posix::SHELL_WAIT_TRAP).that(over, "$? over 128", said("$?", got))?;
    runs_trap(t, &came)
}

fn trap_in_foreground(t: &mut Trial) -> Outcome {
    let (child, later) = (t.offer(Scenario::held()), t.offer(Scenario::exits(5)));
    let script = format!(
        "trap 'echo trapped=1' USR1\n{} &\np=$!\n{}\necho s=$?\nwait $p\necho w=$?\n",
        later.command, child.command
    );
    t.script(&script)?;
    let child = t.meet(&child)?;
    t.await_program_asleep()?;
    t.signal_program(Signal::USR1)?;
    t.settle()?;
    // A shell that would go on has had time to do so.
    let early = t.output()?.out;
    let quiet = value(&early, "trapped").is_none() && value(&early, "s").is_none();
    t.tell(&child, Step::exit(3))?;
    t.exit()?;
    let out = t.output()?.out;
    t.expect(&posix::SHELL_TRAP_DEFERRED).that(quiet, "nothing before the command has ended", early)?;
    let got = value(&out, "s");
    t.expect(&posix::SHELL_TRAP_DEFERRED).that(got == Some(3), "$? 3", said("$?", got))?;
    let ran = out.find("trapped=1").is_some_and(|at| out.find("s=").is_some_and(|s| at < s));
    t.expect(&posix::SHELL_TRAP_DEFERRED).that(
        ran,
        "the trap to run before the next command",
        "it did not",
    )?;
    // The signal came before this wait, and ends it no more.
    let got = value(&out, "w");
    t.expect(&posix::SHELL_TRAP_DEFERRED).that(
        got == Some(5),
        "$? 5 of the wait that follows",
        said("$?", got),
    )
}

fn trap_ignored(t: &mut Trial) -> Outcome {
    let child =
        asleep_with(t, |child| format!("trap '' USR1\n{child} &\np=$!\necho ready=1\nwait $p\necho s=$?\n"))?;
    t.signal_program(Signal::USR1)?;
    t.settle()?;
    t.tell(&child, Step::exit(7))?;
    let got = t.awaited("s")?;
    t.expect(&posix::SHELL_WAIT_IGNORED).that(got == Some(7), "$? 7", said("$?", got))
}

/// The number of background commands, out of `count`, for which `wait` returns the right status.
fn remembered(t: &mut Trial, count: i32) -> Result<i32, crate::trial::Abort> {
    let mut script = String::new();
    for n in 0..count {
        script += &format!("(exit {}) &\np{n}=$!\n", n % 200);
    }
    for n in 0..count {
        script += &format!("wait $p{n}\necho w{n}=$?\n");
    }
    t.script(&(script + "echo done=1\n"))?;
    t.exit_late()?;
    let out = t.output()?.out;
    let right = |n: &i32| value_of(&out, *n) == Some(n % 200);
    Ok((0..count).filter(right).count() as i32)
}

/// The status of one of many.
fn value_of(out: &str, n: i32) -> Option<i32> {
    value(out, &format!("w{n}"))
}

fn remembers(t: &mut Trial) -> Outcome {
    let right = remembered(t, 25)?;
    t.expect(&posix::SHELL_REMEMBERS).that(right == 25, "25 statuses", format!("{right} statuses"))
}

fn remembers_more(t: &mut Trial) -> Outcome {
    let right = remembered(t, 1000)?;
    t.expect(&posix::SHELL_REMEMBERS_MORE).records("of 1000 statuses are remembered", right.to_string())
}

fn stop_is_no_exit(t: &mut Trial) -> Outcome {
    let child = asleep_with(t, |child| format!("{child} &\np=$!\necho ready=1\nwait $p\necho s=$?\n"))?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    // Give a faulty shell time to return.
    t.output_soon("s=")?;
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::exit(7))?;
    let got = t.awaited("s")?;
    t.expect(&posix::SHELL_STOP_IS_NO_EXIT).that(got == Some(7), "$? 7", said("$?", got))?;
    let child = asleep_with(t, |child| format!("{child} &\necho ready=1\nwait\necho s=$?\n"))?;
    t.signal(&child, Signal::STOP)?;
    t.await_stopped(&child)?;
    t.settle()?;
    let early = value(&t.output()?.out, "s");
    t.signal(&child, Signal::CONT)?;
    t.tell(&child, Step::exit(7))?;
    t.exit()?;
    t.expect(&posix::SHELL_STOP_IS_NO_EXIT).that(early.is_none(), "a wait that goes on", said("$?", early))
}

fn twice(t: &mut Trial) -> Outcome {
    let child = t.offer(Scenario::exits(7));
    t.script(&format!("{} &\np=$!\nwait $p\necho a=$?\nwait $p\necho b=$?\n", child.command))?;
    t.exit()?;
    let out = t.output()?.out;
    let shown = format!("{}, {}", said("first", value(&out, "a")), said("then", value(&out, "b")));
    t.expect(&posix::SHELL_WAIT_TWICE).records("wait PID twice, of a command that exits 7", shown)
}

fn chld_trap(t: &mut Trial) -> Outcome {
    let (first, second) = two_jobs(t, |first, second| {
        format!("trap 'echo trapped=1' CHLD\n{first} &\n{second} &\np=$!\necho ready=1\nwait $p\necho s=$?\n")
    })?;
    t.awaited("ready")?;
    t.await_program_asleep()?;
    t.tell(&first, Step::exit(3))?;
    let ended = value(&t.output_soon("s=")?, "s").is_some();
    t.tell(&second, Step::exit(5))?;
    t.exit()?;
    let shown = if ended { "ends the wait" } else { "does not end the wait" };
    t.expect(&posix::SHELL_CHLD_TRAP).records("a CHLD trap, of another command", shown)
}

fn options(t: &mut Trial) -> Outcome {
    for option in ["-n", "-p v"] {
        let child = t.offer(Scenario::exits(7));
        // The last wait is for shells that reject the option: they would leave the command behind.
        t.script(&format!("{} &\np=$!\nwait {option} $p\necho s=$?\nwait\n", child.command))?;
        t.exit()?;
        let got = said("$?", value(&t.output()?.out, "s"));
        let name = format!("wait {option} PID, of a command that exits 7");
        t.expect(&posix::SHELL_WAIT_OPTIONS).records(&name, got)?;
    }
    Ok(())
}
