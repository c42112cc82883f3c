//! Status words: how each system encodes them, and how the subject's own macros decode them.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, dragonfly, freebsd, illumos, linux, macos, netbsd, openbsd, posix};
use crate::trial::cases;
use crate::trial::{Abort, Calls, Change, Child, Got, Options, Outcome, Seen, Target, Trial};
use crate::wait::{Event, Signal};

cases! { "status";

    /// for every exit and death, exactly one of the subject's macros is true, and it is the right one
    one_predicate_per_termination(ANY) in Calls::WITH_STATUS => [
        posix::STATUS_ONE_PREDICATE,
        posix::STATUS_CORE_NEEDS_SIGNAL,
        posix::STATUS_TERMINATION_ONLY,
        freebsd::STATUS_ONE_PREDICATE,
        netbsd::STATUS_MASKED,
    ];

    /// for every stop and continue, exactly one of the subject's macros is true, and it is the right one
    one_predicate_per_stop_or_continue(ANY; UNTRACED | CONTINUED) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS) => [
        posix::STATUS_ONE_PREDICATE,
        posix::STATUS_CORE_NEEDS_SIGNAL,
        freebsd::STATUS_ONE_PREDICATE,
        netbsd::STATUS_MASKED,
    ];

    /// the status words of an exit and of a death by signal have the system's encoding
    termination_words(ANY) in Calls::WITH_STATUS
        => [linux::WAIT_WORD_EXIT, linux::WAIT_WORD_SIGNAL, illumos::STATUS_WORDS];

    /// the status words of a stop and of a continue have the system's encoding
    stop_and_continue_words(ANY; UNTRACED | CONTINUED) in Calls::WITH_STATUS.and(Calls::WITH_OPTIONS) => [
        linux::WAIT_WORD_STOP,
        linux::WAIT_WORD_CONTINUE,
        freebsd::STATUS_WORD_CONTINUE,
        netbsd::STATUS_WORD_CONTINUE,
        openbsd::STATUS_WORD_CONTINUE,
        dragonfly::STATUS_WORD_CONTINUE,
        macos::STATUS_WORD_CONTINUE,
        illumos::STATUS_WORDS,
    ];
}

/// The status word of a call that must have stored one.
fn word(t: &mut Trial, clause: &'static Clause, seen: &Seen) -> Result<i32, Abort> {
    t.expect(clause).returns(seen)?;
    let word = seen.status();
    t.expect(clause).that(word.is_some(), "a status word", seen.outcome())?;
    word.ok_or_else(|| Abort::Skip(format!("no status word to examine: {}", seen.outcome())))
}

/// The predicates that are true for a word, typed.
fn predicates(t: &Trial, raw: i32, holds: &[&str]) -> Got {
    Got::Predicates {
        of_continue: t.system().decode(raw).is_continued(),
        exited: holds.contains(&"exited"),
        signaled: holds.contains(&"signaled"),
        stopped: holds.contains(&"stopped"),
        continued: holds.contains(&"continued"),
    }
}

/// Decodes a word with the subject's own macros: only `predicate` is true, and it yields `number`.
fn decodes(t: &mut Trial, raw: i32, predicate: &str, number: Option<(&'static str, i64)>) -> Outcome {
    let view = t.decode(raw)?;
    let holds = ["exited", "signaled", "stopped", "continued"].into_iter().filter(|p| view.flag(p));
    let mut holds: Vec<&str> = holds.collect();
    if predicate == "continued" && view.get("continued").is_none() && holds.is_empty() {
        // The subject has no WIFCONTINUED, and no other predicate claims the word.
        holds.push("continued");
    }
    for clause in [&posix::STATUS_ONE_PREDICATE, &freebsd::STATUS_ONE_PREDICATE] {
        let text = if holds.is_empty() { "none".to_owned() } else { holds.join(" and ") };
        let got = (predicates(t, raw, &holds), text);
        t.expect(clause).that(holds == [predicate], format!("{raw:#06x} is {predicate}"), got)?;
    }
    if let Some((key, want)) = number
        && view.get(key).is_some()
    {
        let got = view.number(key).map_err(|e| Abort::Protocol(e.to_string()))?;
        for clause in [&posix::STATUS_ONE_PREDICATE, &netbsd::STATUS_MASKED] {
            t.expect(clause).equal(&format!("{key} of {raw:#06x}"), &got, &want)?;
        }
    }
    if predicate != "signaled" {
        let got = format!("WCOREDUMP({raw:#06x}) is true");
        t.expect(&posix::STATUS_CORE_NEEDS_SIGNAL).that(!view.flag("coredump"), "WCOREDUMP false", got)?;
    }
    Ok(())
}

fn one_predicate_per_termination(t: &mut Trial) -> Outcome {
    for code in [0, 1, 9, 19, 127, 128, 137, 255] {
        t.spawn(Scenario::exits(code))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        termination_only(t, &seen)?;
        let raw = word(t, &posix::STATUS_ONE_PREDICATE, &seen)?;
        decodes(t, raw, "exited", Some(("wexitstatus", code.into())))?;
    }
    let last = Signal::realtime_on(t.system()).take_while(|signal| t.number(*signal) < 127).last();
    let deaths = [Signal::HUP, Signal::KILL, Signal::TERM, Signal::ABRT, Signal::SEGV, Signal::SYS];
    for signal in deaths.into_iter().chain(last) {
        t.spawn(Scenario::of([Step::raise(signal).with_core(false)]))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        termination_only(t, &seen)?;
        let raw = word(t, &posix::STATUS_ONE_PREDICATE, &seen)?;
        decodes(t, raw, "signaled", Some(("wtermsig", t.number(signal).into())))?;
    }
    Ok(())
}

fn termination_only(t: &mut Trial, seen: &Seen) -> Outcome {
    t.expect(&posix::STATUS_TERMINATION_ONLY).returns(seen)?;
    let held = matches!(seen.change(), Some(Change::Exited(_) | Change::Killed(..)));
    t.expect(&posix::STATUS_TERMINATION_ONLY).that(held, "a termination", seen.outcome())
}

fn one_predicate_per_stop_or_continue(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for signal in [Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        let raw = stopped_by(t, &posix::STATUS_ONE_PREDICATE, &child, signal)?;
        decodes(t, raw, "stopped", Some(("wstopsig", t.number(signal).into())))?;
        let raw = continued(t, &posix::STATUS_ONE_PREDICATE, &child)?;
        decodes(t, raw, "continued", None)?;
    }
    Ok(())
}

/// The status word of a stop by that signal.
fn stopped_by(t: &mut Trial, clause: &'static Clause, child: &Child, signal: Signal) -> Result<i32, Abort> {
    t.signal(child, signal)?;
    let seen = t.wait(Target::Any, Options::UNTRACED)?;
    word(t, clause, &seen)
}

/// The status word of the continue of a stopped child.
fn continued(t: &mut Trial, clause: &'static Clause, child: &Child) -> Result<i32, Abort> {
    t.signal(child, Signal::CONT)?;
    let seen = t.wait(Target::Any, Options::CONTINUED)?;
    word(t, clause, &seen)
}

/// The stored word is the system's encoding of the event.
fn encoded_as(t: &mut Trial, clauses: &[&'static Clause], raw: i32, event: Event) -> Outcome {
    let Some(expected) = t.system().encode(event) else { return Ok(()) };
    for clause in clauses {
        let got = format!("status word {raw:#06x}");
        t.expect(*clause).that(
            raw == expected.as_raw(),
            format!("status word {:#06x}", expected.as_raw()),
            got,
        )?;
    }
    Ok(())
}

fn termination_words(t: &mut Trial) -> Outcome {
    for code in [7, 0, 255] {
        t.spawn(Scenario::exits(code))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let raw = word(t, &linux::WAIT_WORD_EXIT, &seen)?;
        encoded_as(t, &[&linux::WAIT_WORD_EXIT, &illumos::STATUS_WORDS], raw, Event::Exited { code })?;
    }
    for signal in [Signal::TERM, Signal::KILL, Signal::HUP] {
        t.spawn(Scenario::dies(signal))?;
        let seen = t.wait(Target::Any, Options::NONE)?;
        let raw = word(t, &linux::WAIT_WORD_SIGNAL, &seen)?;
        let event = Event::Signaled { signal, core: false };
        encoded_as(t, &[&linux::WAIT_WORD_SIGNAL, &illumos::STATUS_WORDS], raw, event)?;
    }
    Ok(())
}

fn stop_and_continue_words(t: &mut Trial) -> Outcome {
    let child = t.spawn(Scenario::held())?;
    for signal in [Signal::STOP, Signal::TSTP] {
        let raw = stopped_by(t, &linux::WAIT_WORD_STOP, &child, signal)?;
        let event = Event::Stopped { signal, ptrace: 0 };
        encoded_as(t, &[&linux::WAIT_WORD_STOP, &illumos::STATUS_WORDS], raw, event)?;
        let raw = continued(t, &linux::WAIT_WORD_CONTINUE, &child)?;
        let clauses = [
            &linux::WAIT_WORD_CONTINUE,
            &freebsd::STATUS_WORD_CONTINUE,
            &netbsd::STATUS_WORD_CONTINUE,
            &openbsd::STATUS_WORD_CONTINUE,
            &dragonfly::STATUS_WORD_CONTINUE,
            &macos::STATUS_WORD_CONTINUE,
            &illumos::STATUS_WORDS,
        ];
        encoded_as(t, &clauses, raw, Event::Continued)?;
    }
    Ok(())
}
