//! The command of a wrapper: how it starts, how long it may run, and what it leaves.

use super::wrapper::shown;
use crate::scenario::{Offspring, Scenario, Step, Then};
use crate::spec::{Clause, posix, promise};
use crate::trial::program::{How, Trial};
use crate::trial::{Abort, Child, Outcome, Shown, cases};
use crate::wait::Signal;
use std::ops::RangeInclusive;
use std::time::Instant;

cases! { program "wrapper-command";

    /// a command that keeps its signals is killed by those that the program was not started with ignored or blocked
    signals(WRAPPER | TIME | CONTAINER_INIT) => [promise::WRAPPER_COMMAND_SIGNALS];

    /// a wrapper exits with its command even if a process that this has made lives on
    descendant_lives(WRAPPER | TIME) => [promise::WRAPPER_EXITS_WITH_COMMAND];

    /// a command inherits what the program has, except for what the program is there to change
    inherits(WRAPPER | TIME | CONTAINER_INIT) => [promise::WRAPPER_COMMAND_INHERITS];

    /// a command is given its words unchanged: empty ones, and ones with spaces
    words(WRAPPER | TIME | CONTAINER_INIT) => [promise::WRAPPER_COMMAND_INHERITS];

    /// a command does not start with SIGPIPE ignored
    pipe(WRAPPER | TIME | CONTAINER_INIT) => [promise::WRAPPER_COMMAND_SIGNALS];

    /// a wrapper exits with 126 or 127 for a command that cannot be executed, whatever the reason
    not_invoked(WRAPPER | TIME) => [posix::WRAPPER_NOT_INVOKED, posix::WRAPPER_NOT_FOUND, posix::WRAPPER_NOT_EXECUTABLE];

    /// a signal that the wrapper forwards reaches the command once
    forwarded_once(WRAPPER) => [promise::WRAPPER_FORWARDS];

    /// a wrapper sleeps while its command runs, and does not wake up to look for it
    idle(WRAPPER | TIME) => [promise::WRAPPER_IDLE];

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

fn inherits(t: &mut Trial) -> Outcome {
    let clause = &promise::WRAPPER_COMMAND_INHERITS;
    let contract = t.contract();
    let (process, child) = t.spawn_with_reference()?;
    let mut differences = t.inherited(&child)?.differences(&process);
    differences.retain(|found| !contract.changes().any(|word| found.replace(": ", ":").starts_with(word)));
    t.tell(&child, Step::exit(0))?;
    t.exit()?;
    t.expect(clause).that(differences.is_empty(), "what the program inherits", differences.join("; "))
}

fn words(t: &mut Trial) -> Outcome {
    let script = r#"[ "$#:$1:$2:$3" = "3::a  b:*$" ] && exit 5; exit 3"#;
    let right = t.run_words(&["sh", "-c", "exit 5"])?;
    let ran = t.run_words(&["sh", "-c", script, "sh", "", "a  b", "*$"])?;
    t.expect(&promise::WRAPPER_COMMAND_INHERITS).returns(&ran)?;
    t.expect(&promise::WRAPPER_COMMAND_INHERITS).that(ran == right, "the words as given", "other words")
}

fn pipe(t: &mut Trial) -> Outcome {
    // The children of a trial begin with SIGPIPE ignored by their own runtime. A shell cannot reset what was ignored at its start.
    let survived = t.run_words(&["sh", "-c", "exit 5"])?;
    let ran = t.run_words(&["sh", "-c", "kill -s PIPE $$; exit 5"])?;
    let clause = &promise::WRAPPER_COMMAND_SIGNALS;
    t.expect(clause).returns(&ran)?;
    let got = format!("as if it had survived: {}", ran.outcome());
    t.expect(clause).that(ran != survived, "SIGPIPE to kill the command", got)
}

fn not_invoked(t: &mut Trial) -> Outcome {
    let rows = ["wrapper/not-found", "wrapper/not-executable"];
    let posix = rows.iter().all(|row| t.contract().row(row).is_none());
    let long = format!("/{}", "x".repeat(300));
    let commands: [(&str, &Clause, RangeInclusive<i32>); 4] = [
        ("no-such-program", &posix::WRAPPER_NOT_FOUND, 127..=127),
        ("/", &posix::WRAPPER_NOT_EXECUTABLE, 126..=126),
        // Neither clearly not found nor found.
        ("/dev/null/program", &posix::WRAPPER_NOT_INVOKED, 126..=127),
        (&long, &posix::WRAPPER_NOT_INVOKED, 126..=127),
    ];
    for (command, clause, codes) in commands {
        let ran = t.run(command)?;
        if !posix {
            t.record("a command that cannot be executed", format!("{command:.20}: {}", ran.outcome()));
            continue;
        }
        let held = ran.code().is_some_and(|code| codes.contains(&code));
        let of = command.get(..20).unwrap_or(command);
        t.expect(clause).returns(&ran)?;
        t.expect(clause).that(held, shown(&codes), format!("{of}: {}", ran.outcome()))?;
    }
    Ok(())
}

/// How often a signal is sent that may be merged with one that is pending.
const ROUNDS: i64 = 20;

/// Sends the program a signal that its main child catches, several times if two of its kind may be merged, and checks that the
/// child catches as many as were sent.
pub(super) fn forwards_once(t: &mut Trial, clause: &'static Clause, row: &str, main: &Child) -> Outcome {
    t.settle()?;
    let accepted = t.accepted()?;
    let promised = t.contract().signals(row);
    let is_offered = |signal: &Signal| accepted.contains(signal) && promised.contains(signal);
    // Real-time signals are queued.
    let system = t.system();
    let queued = promised.iter().copied().find(|signal| signal.is_realtime_on(system) && is_offered(signal));
    let merged = [Signal::USR1, Signal::TERM].into_iter().find(is_offered);
    let Some(signal) = queued.or(merged) else {
        return t.expect(clause).not_observed("it is not said to forward signals, or shows no handlers");
    };
    t.tell(main, Step::Catch { signal, then: Then::Return })?;
    let rounds = if queued.is_some() { 1 } else { ROUNDS };
    let mut caught = 0;
    for round in 1..=rounds {
        t.signal_program(signal)?;
        caught += t.caught_soon(main)?;
        t.expect(clause).that(caught >= round, format!("{signal} forwarded"), "it does not arrive")?;
    }
    t.settle()?;
    caught += t.catches(main)?;
    let got = format!("{caught} for {rounds}");
    t.expect(clause).that(caught == rounds, format!("{signal} forwarded once"), got)
}

fn forwarded_once(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    forwards_once(t, &promise::WRAPPER_FORWARDS, "wrapper/forwards", &child)
}

/// How long a command sleeps: one that is looked at once a second is so three times.
pub(super) const ASLEEP: Step = Step::Sleep { ms: 3200 };
/// How often the program may wake up meanwhile: to learn of something that happened before.
pub(super) const WOKEN: i64 = 2;

/// Checks that the program does not wake up while a child sleeps.
pub(super) fn sleeps(t: &mut Trial, clause: &'static Clause, child: &Child) -> Outcome {
    t.settle()?;
    let before = t.figures()?.switches;
    t.tell(child, ASLEEP)?;
    let woken = i64::try_from(t.figures()?.switches.saturating_sub(before)).unwrap_or(i64::MAX);
    let shown = if woken > WOKEN { "it wakes up again and again" } else { "it sleeps" };
    t.record("while nothing happens", shown);
    t.expect(clause).within("wake-ups", Some(woken), 0, WOKEN)
}

fn idle(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    if t.has_become(&child)? {
        return t.expect(&promise::WRAPPER_IDLE).not_observed("it has become its command");
    }
    sleeps(t, &promise::WRAPPER_IDLE, &child)
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
