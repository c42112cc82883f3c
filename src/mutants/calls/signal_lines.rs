//! Requests that set the actions of signals, and the records of signals in replies: found and changed.

use crate::mutants::calls::inner::Inner;
use crate::protocol::Line;

/// Whether a request sets the action of a signal to this one.
pub(crate) fn sets_any_to(line: &Line, action: &str) -> bool {
    line.word() == "sigaction" && line.get("do").as_deref() == Some(action)
}

/// Whether a request sets the SIGCHLD action to this one.
pub(crate) fn sets_to(line: &Line, action: &str) -> bool {
    sets_action(line) && sets_any_to(line, action)
}

/// Whether a request sets the SIGCHLD action.
pub(crate) fn sets_action(line: &Line) -> bool {
    line.word() == "sigaction" && line.get("sig").as_deref() == Some("SIGCHLD")
}

/// Records whether SIGCHLD is ignored.
pub(crate) fn track_ignored(w: &Inner, line: &mut Line) {
    if sets_action(line) {
        w.swap(i64::from(sets_to(line, "ignore")));
    }
}

/// Changes the records of caught signals: `SIG:CODE:PID:UID:STATUS`.
pub(crate) fn edit_records(request: &Line, reply: &mut Line, change: impl Fn(&mut Vec<String>)) {
    if request.word() == "signals" {
        change_records(reply, change);
    }
}

/// Changes the record of a blocked signal that is accepted.
pub(crate) fn edit_accepted(request: &Line, reply: &mut Line, change: impl Fn(&mut Vec<String>)) {
    if matches!(request.word(), "sigwait" | "signalfd") {
        change_records(reply, change);
    }
}

fn change_records(reply: &mut Line, change: impl Fn(&mut Vec<String>)) {
    let changed: Vec<String> = reply
        .list("seen")
        .iter()
        .map(|record| {
            let mut fields: Vec<String> = record.split(':').map(str::to_owned).collect();
            if fields.len() == 5 {
                change(&mut fields);
            }
            fields.join(":")
        })
        .collect();
    let mut line = Line::new(reply.word());
    for key in reply.keys().filter(|key| *key != "seen") {
        // Numbers are copied as text; `waited` is a list.
        line = match key {
            "waited" => line.with_list(key, reply.byte_list(key)),
            _ => line.with(key, reply.get(key).unwrap_or_default()),
        };
    }
    *reply = line.with_list("seen", changed);
}

/// Drops caught signals with these codes.
pub(crate) fn drop_records(request: &Line, reply: &mut Line, dropped: impl Fn(&str) -> bool) {
    if request.word() != "signals" {
        return;
    }
    let seen = reply.list("seen");
    let remaining = seen.iter().filter(|record| !record.split(':').nth(1).is_some_and(&dropped));
    let remaining: Vec<String> = remaining.cloned().collect();
    if remaining.len() < seen.len() {
        *reply = Line::new(reply.word())
            .with("id", reply.id().unwrap_or(0))
            .with("count", remaining.len())
            .with_list("seen", remaining)
            .with_list("waited", reply.byte_list("waited"));
    }
}
