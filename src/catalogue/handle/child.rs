//! What a child inherits, and what creating it leaves behind in the process.

use crate::scenario::{Scenario, Step};
use crate::spec::{Clause, promise};
use crate::trial::handle::Trial;
use crate::trial::{Abort, Change, Child, Inherited, Outcome, Shown, cases};
use crate::wait::Signal;

cases! { handle "handle-child";

    /// a child inherits the working directory, the environment, the limits, the umask and the rest from the process
    inherits(FORK) => [promise::HANDLE_CHILD_STARTS];

    /// a child is given the words of its command unchanged: empty ones, and ones with spaces
    words() => [promise::HANDLE_CHILD_STARTS];

    /// a child inherits no descriptor but the standard ones, whatever the handle has open for other children
    descriptors() => [promise::HANDLE_CHILD_DESCRIPTORS];

    /// children that are created, waited for and signalled leave the process as it was, and so does a failure to create one
    keeps_process(FORK) => [promise::HANDLE_KEEPS_PROCESS];

    /// a process has no more descriptors and threads after many children that have been waited for, and no zombie
    releases() => [promise::HANDLE_RELEASES];

    /// the same after many programs that could not be executed
    failures_release() => [promise::HANDLE_RELEASES];
}

/// Checks that nothing differs.
fn same(t: &mut Trial, clause: &'static Clause, expected: &str, differences: &[String]) -> Outcome {
    t.expect(clause).that(differences.is_empty(), expected, differences.join("; "))
}

/// The child exits, and is waited for.
pub(super) fn exits(t: &mut Trial, child: &Child) -> Outcome {
    t.tell(child, Step::exit(0))?;
    t.wait(child).map(drop)
}

/// What a process inherits from the agent by a raw fork.
fn of_process(t: &mut Trial) -> Result<Inherited, Abort> {
    let child = t.fork_unshielded(&Scenario::held())?;
    t.inherited(&child)
}

fn inherits(t: &mut Trial) -> Outcome {
    let process = of_process(t)?;
    // The second one would inherit what creating the first has changed.
    for _ in 0..2 {
        let child = t.spawn_unshielded(&Scenario::held())?;
        let mut differences = t.inherited(&child)?.differences(&process);
        // These are not the process's own.
        differences.retain(|found| !found.starts_with("descriptors"));
        same(t, &promise::HANDLE_CHILD_STARTS, "what a raw fork inherits", &differences)?;
        exits(t, &child)?;
    }
    Ok(())
}

fn words(t: &mut Trial) -> Outcome {
    let script = r#"[ "$#:$1:$2:$3" = "3::a  b:*$" ] && exit 7; exit 3"#;
    let words = ["/bin/sh", "-c", script, "sh", "", "a  b", "*$"];
    let child = match t.spawn_program(&words)? {
        Ok(child) => child,
        Err(answered) => return Err(Abort::Broken(format!("/bin/sh cannot be run: {}", answered.outcome()))),
    };
    let answered = t.wait(&child)?;
    t.expect(&promise::HANDLE_CHILD_STARTS).reports(&answered, &child, Change::Exited(7))
}

fn descriptors(t: &mut Trial) -> Outcome {
    let clause = &promise::HANDLE_CHILD_DESCRIPTORS;
    let pipes = t.shows("pipes");
    let mut children = Vec::new();
    for round in 0..3 {
        if round == 2 {
            let _ = t.spawn_program(&["/nonexistent/waitspec"])?;
        }
        let scenario = Scenario::held();
        let child = if pipes { t.spawn_with_pipes(&scenario)? } else { t.spawn(scenario)? };
        let inherited = t.inherited(&child)?.list("descriptors");
        same(t, clause, "the standard descriptors alone", &inherited)?;
        children.push(child);
    }
    children.iter().try_for_each(|child| exits(t, child))
}

fn keeps_process(t: &mut Trial) -> Outcome {
    let before = of_process(t)?;
    let child = t.spawn(Scenario::held())?;
    if t.shows("poll") {
        t.poll(&child)?;
    }
    if t.shows("kill") {
        t.tell(&child, Step::Ignore(Signal::TERM))?;
        t.kill(&child, Signal::TERM)?;
    }
    exits(t, &child)?;
    let _ = t.spawn_program(&["/nonexistent/waitspec"])?;
    let differences = of_process(t)?.differences(&before);
    same(t, &promise::HANDLE_KEEPS_PROCESS, "a process that is as before", &differences)
}

/// How many children are created, after some that may make a runtime open what it keeps.
const CHILDREN: i64 = 12;
const FIRST: i64 = 2;

/// Checks that the process does not open descriptors and start threads for good when it does this again and again.
fn leaks_nothing(t: &mut Trial, again: fn(&mut Trial) -> Outcome) -> Outcome {
    let clause = &promise::HANDLE_RELEASES;
    for _ in 0..FIRST {
        again(t)?;
    }
    let (descriptors, threads) = t.agent_holds()?;
    for _ in 0..CHILDREN {
        again(t)?;
    }
    let now = t.agent_holds()?;
    for (what, grown) in [("descriptors", now.0 - descriptors), ("threads", now.1 - threads)] {
        t.expect(clause).within(&format!("additional {what}"), Some(grown.max(0)), 0, CHILDREN / 2)?;
    }
    let (_, zombies) = t.tally()?;
    t.expect(clause).within("zombies", Some(zombies), 0, 0)
}

fn releases(t: &mut Trial) -> Outcome {
    leaks_nothing(t, |t| {
        let child = t.spawn(Scenario::exits(0))?;
        let answered = t.wait(&child)?;
        t.expect(&promise::HANDLE_RELEASES).returns(&answered)?;
        if t.shows("drop") { t.drop_handle(&child) } else { Ok(()) }
    })
}

fn failures_release(t: &mut Trial) -> Outcome {
    leaks_nothing(t, |t| match t.spawn_program(&["/nonexistent/waitspec"])? {
        Err(_) => Ok(()),
        Ok(child) => t.wait(&child).map(drop),
    })
}
