//! The command of a wrapper: how it starts, how long it may run, and what it leaves.

use crate::scenario::{Offspring, Scenario, Step};
use crate::spec::promise;
use crate::trial::program::{How, Trial};
use crate::trial::{Abort, Outcome, cases};
use crate::wait::Signal;
use std::time::Instant;

cases! { program "wrapper-command";

    /// a command that keeps its signals is killed by those that the program was not started with ignored or blocked
    signals(WRAPPER | TIME | CONTAINER_INIT) => [promise::WRAPPER_COMMAND_SIGNALS];

    /// a wrapper exits with its command even if a process that this has made lives on
    descendant_lives(WRAPPER | TIME) => [promise::WRAPPER_EXITS_WITH_COMMAND];

    /// a command is not terminated before its time is over, a whole number of seconds or not
    may_run(WRAPPER) => [promise::TIMEOUT_PASSES];
}

fn signals(t: &mut Trial) -> Outcome {
    let clause = &promise::WRAPPER_COMMAND_SIGNALS;
    for signal in [Signal::TERM, Signal::INT, Signal::USR1] {
        let child = t.spawn_how(How { keeps_signals: true, ..How::default() }, Scenario::held())?;
        let sigchld = t.tell_for_reply(&child, &Step::Getids)?.list("sigchld").join(", ");
        t.expect(clause).that(sigchld.is_empty(), "SIGCHLD neither ignored nor blocked", sigchld)?;
        t.signal(&child, signal)?;
        // One that a signal has killed does not answer.
        let lives = matches!(t.try_tell(&child, Step::Getids), Ok(Ok(_)));
        let got = format!("it survives {signal}");
        t.expect(clause).that(!lives, format!("{signal} to kill the command"), got)?;
        if lives {
            t.tell(&child, Step::exit(0))?;
        }
        t.exit()?;
    }
    Ok(())
}

fn descendant_lives(t: &mut Trial) -> Outcome {
    let clause = &promise::WRAPPER_EXITS_WITH_COMMAND;
    let child = t.spawn(Scenario::held())?;
    let of = |token| Step::Fork(Offspring { token: Some(token), orphan: true, steps: Vec::new() });
    let descendant = t.spawn_from(&child, of)?;
    t.tell(&child, Step::exit(7))?;
    let ran = t.exits_soon()?;
    // It may be killed along with the command.
    let _ = t.tell(&descendant, Step::exit(0));
    t.expect(clause).that(ran.is_some(), "the program to exit", "it waits for the other process")
}

fn may_run(t: &mut Trial) -> Outcome {
    let clause = &promise::TIMEOUT_PASSES;
    for limit in ["0.7", "1.6"] {
        let how = How { instead: Some(vec![limit.to_owned()]), ..How::default() };
        // The program is started after this: on a busy machine all the more has passed.
        let began = Instant::now();
        match t.spawn_how(how, Scenario::held()) {
            Ok(_) => t.exit().map(drop)?,
            // The time was over before the command was ready.
            Err(Abort::Broken(_)) if t.has_exited()? => {}
            Err(other) => return Err(other),
        }
        let passed = began.elapsed().as_secs_f64();
        let held = limit.parse().is_ok_and(|limit: f64| passed >= limit);
        let got = format!("an exit after {passed:.1} s");
        t.expect(clause).that(held, format!("no exit in the first {limit} s"), got)?;
    }
    Ok(())
}
