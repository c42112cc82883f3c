//! How the subject's own macros or methods decode any status word. No child is needed.

use crate::protocol::Line;
use crate::spec::posix;
use crate::trial::cases;
use crate::trial::{Abort, Calls, Got, Outcome, Trial};
use crate::wait::{Event, Signal, System};

cases! { "decode";

    /// for the word of every exit, stop and continue, the subject's macros give the one event that it represents
    exits_stops_and_continues(ANY) in Calls::WITH_STATUS.few() => [posix::STATUS_EVERY_WORD];

    /// for every death by signal, with and without a core dump, the subject's macros give the signal and the core flag
    deaths_and_core_dumps(ANY) in Calls::WITH_STATUS.few() => [posix::STATUS_CORE_WORD];

    /// for every word, the subject's single number for a termination is the exit value, or the negated signal
    exit_codes(ANY) in Calls::WITH_STATUS.few() => [posix::STATUS_EXIT_CODE];
}

/// Every exit, stop and continue that has a word on the subject's system.
fn exits_stops_and_continues(t: &mut Trial) -> Outcome {
    let system = t.system();
    let exits = (0..=0xff).map(|code| Event::Exited { code });
    let stops = signals(system).map(|signal| Event::Stopped { signal, ptrace: 0 });
    let events: Vec<Event> = exits.chain(stops).chain([Event::Continued]).collect();
    for (event, word, view) in views(t, &events)? {
        let (predicate, number) = match event {
            Event::Exited { code } => ("exited", Some(("wexitstatus", code))),
            Event::Stopped { signal, .. } => ("stopped", Some(("wstopsig", number_of(signal, system)))),
            _ => ("continued", None),
        };
        let mut holds = holding(&view);
        if predicate == "continued" && view.get("continued").is_none() && holds == "none" {
            // The subject has no WIFCONTINUED, and no other predicate claims the word.
            holds = "continued".to_owned();
        }
        let is = |name| holds.split(" and ").any(|held| held == name);
        let got = Got::Predicates {
            of_continue: predicate == "continued",
            exited: is("exited"),
            signaled: is("signaled"),
            stopped: is("stopped"),
            continued: is("continued"),
        };
        let expected = format!("{word:#06x} is {predicate}");
        t.expect(&posix::STATUS_EVERY_WORD).that(holds == predicate, expected, (got, holds))?;
        if let Some((key, number)) = number {
            let got = shown(&view, key)?;
            let what = format!("{key} of {word:#06x}");
            t.expect(&posix::STATUS_EVERY_WORD).equal_if_seen(&what, got.as_ref(), &number.into())?;
        }
    }
    Ok(())
}

/// Every death by signal that has a word on the subject's system, with and without the flag of a core dump.
fn deaths_and_core_dumps(t: &mut Trial) -> Outcome {
    let system = t.system();
    let events: Vec<Event> = deaths(system).collect();
    for (event, word, view) in views(t, &events)? {
        let Event::Signaled { signal, core } = event else { continue };
        let holds = holding(&view);
        t.expect(&posix::STATUS_CORE_WORD).that(
            holds == "signaled",
            format!("{word:#06x} is signaled"),
            holds,
        )?;
        let got = shown(&view, "wtermsig")?;
        let what = format!("wtermsig of {word:#06x}");
        t.expect(&posix::STATUS_CORE_WORD).equal_if_seen(
            &what,
            got.as_ref(),
            &number_of(signal, system).into(),
        )?;
        let dumped = view.get("coredump").map(|_| view.flag("coredump"));
        let what = format!("WCOREDUMP of {word:#06x}");
        t.expect(&posix::STATUS_CORE_WORD).equal_if_seen(&what, dumped.as_ref(), &core)?;
    }
    Ok(())
}

/// The single number for every exit and death; a stop or a continue has none.
fn exit_codes(t: &mut Trial) -> Outcome {
    let system = t.system();
    let exits = (0..=0xff).map(|code| Event::Exited { code });
    let stops = signals(system).map(|signal| Event::Stopped { signal, ptrace: 0 });
    let events: Vec<Event> = exits.chain(deaths(system)).chain(stops).chain([Event::Continued]).collect();
    let views = views(t, &events)?;
    if views.iter().all(|(.., view)| view.get("exitcode").is_none()) {
        return t
            .expect(&posix::STATUS_EXIT_CODE)
            .not_observed("the subject has no single number for a termination");
    }
    for (event, word, view) in views {
        let expected = match event {
            Event::Exited { code } => code.to_string(),
            Event::Signaled { signal, .. } => (-number_of(signal, system)).to_string(),
            _ => "none".to_owned(),
        };
        let got = shown(&view, "exitcode")?.map_or_else(|| "none".to_owned(), |number| number.to_string());
        t.expect(&posix::STATUS_EXIT_CODE).equal(&format!("exit code of {word:#06x}"), &got, &expected)?;
    }
    Ok(())
}

/// The signals of the subject's system, the real-time ones included.
fn signals(system: System) -> impl Iterator<Item = Signal> {
    Signal::all_on(system).map(|(_, signal)| signal).chain(Signal::realtime_on(system))
}

fn deaths(system: System) -> impl Iterator<Item = Event> {
    signals(system).flat_map(|signal| [false, true].map(|core| Event::Signaled { signal, core }))
}

/// What the subject's system calls a signal. Every event with a word has a number there.
fn number_of(signal: Signal, system: System) -> i32 {
    signal.number_on(system).unwrap_or_else(|| signal.number())
}

/// The events that have a word on the subject's system, each with its word and the subject's view of it.
fn views(t: &mut Trial, events: &[Event]) -> Result<Vec<(Event, i32, Line)>, Abort> {
    let system = t.system();
    let (events, words): (Vec<Event>, Vec<i32>) =
        events.iter().filter_map(|event| Some((*event, system.encode(*event)?.as_raw()))).unzip();
    let views = t.decode_all(&words)?;
    Ok(events.into_iter().zip(words).zip(views).map(|((event, word), view)| (event, word, view)).collect())
}

/// The predicates that are true.
fn holding(view: &Line) -> String {
    let holds = ["exited", "signaled", "stopped", "continued"].into_iter().filter(|p| view.flag(p));
    let holds: Vec<&str> = holds.collect();
    if holds.is_empty() { "none".to_owned() } else { holds.join(" and ") }
}

/// A number in a view, if the subject provides it.
fn shown(view: &Line, key: &'static str) -> Result<Option<i64>, Abort> {
    match view.get(key) {
        None => Ok(None),
        Some(_) => view.number(key).map(Some).map_err(|e| Abort::Protocol(format!("reply to decode: {e}"))),
    }
}
