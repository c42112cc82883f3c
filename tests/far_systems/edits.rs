//! What subjects of other systems change in the replies of Linux.

use super::acts::REPORTS;
use super::far::{Reply, System, number};
use std::sync::atomic::{AtomicI64, Ordering};
use waitspec::sys::call::abi::Call;

/// Another error for a call in which its thread was cancelled.
pub fn instead_of_cancelled(system: &System, reply: &mut Reply, name: &str) {
    let cancelled = system.errno("ECANCELED").to_string();
    reply.replace("errno", |errno| (errno == cancelled).then(|| system.errno(name).to_string()));
}

/// No child, and `WNOHANG`: 0.
pub fn nothing(_: &System, request: &Reply, reply: &mut Reply) {
    if request.has_option("WNOHANG") && reply.word == "err" {
        let id = reply.get("id").unwrap_or_default().to_owned();
        *reply = Reply { word: "ok".to_owned(), pairs: vec![("id".to_owned(), id)] };
        reply.set("ret", "0");
    }
}

pub fn eagain(system: &System, request: &Reply, reply: &mut Reply) {
    if request.has_option("WNOHANG") {
        reply.replace("errno", |_| Some(system.errno("EAGAIN").to_string()));
    }
}

pub fn si_status(reply: &mut Reply, of: impl Fn(i32) -> i32) {
    reply.replace("si_status", |text| number(text).map(|status| of(status).to_string()));
}

/// The word of a continue, for requests to decode it.
pub fn is_continue(request: &Reply) -> bool {
    request.word == "decode" && request.get("status").and_then(number) == Some(0x13)
}

pub fn continued_is_signaled(_: &System, request: &Reply, reply: &mut Reply) {
    if is_continue(request) {
        reply.set("signaled", "yes");
    }
}

pub fn continued_is_stopped(_: &System, request: &Reply, reply: &mut Reply) {
    if is_continue(request) {
        reply.set("stopped", "yes");
    }
}

pub fn unchanged(_: &System, _: &Reply, _: &mut Reply) {}

/// The `si_status` of the signals that a handler has seen.
pub fn status_in_handler(request: &Reply, reply: &mut Reply, status: &str) {
    if request.word == "signals" {
        reply.replace("seen", |seen| Some(format!("{}:{status}", seen.rsplit_once(':')?.0)));
    }
}

/// `times` reports fewer ticks than `getrusage` did before, by that many halves.
pub fn ticks_short(request: &Reply, reply: &mut Reply, halves: i64) {
    // User and system time.
    static USED: [AtomicI64; 2] = [AtomicI64::new(0), AtomicI64::new(0)];
    let number = |key| reply.get(key).and_then(|text| text.parse::<i64>().ok()).unwrap_or_default();
    let [user, system] = [0, 1].map(|which: usize| USED[which].load(Ordering::Relaxed));
    match request.word.as_str() {
        "getrusage" => {
            USED[0].store(number("ru_utime_us"), Ordering::Relaxed);
            USED[1].store(number("ru_stime_us"), Ordering::Relaxed);
        }
        "times" if user > 0 => {
            // Short ticks, so that there are enough of them.
            let tick = 2_000;
            reply.set("tick_us", &tick.to_string());
            reply.set("cutime_us", &(user - halves * tick / 2).to_string());
            reply.set("cstime_us", &system.to_string());
        }
        _ => {}
    }
}

/// The number of signals that the handler has seen, where it has seen none.
pub fn signals(request: &Reply, reply: &mut Reply, count: &str) {
    if request.word == "signals" {
        reply.replace("count", |seen| (seen == "0").then(|| count.to_owned()));
    }
}

/// A different error where Linux returns EINVAL.
pub fn instead_of_einval(system: &System, reply: &mut Reply, name: &str) {
    let einval = system.errno("EINVAL").to_string();
    reply.replace("errno", |errno| (errno == einval).then(|| system.errno(name).to_string()));
}

/// The second child is not reported.
pub fn second_reports_nothing(_: &System, request: &Reply, reply: &mut Reply) {
    let is_wait = Call::from_name(&request.word).is_some();
    if is_wait && reply.word == "ok" && REPORTS.fetch_add(1, Ordering::SeqCst) == 1 {
        reply.strike("status");
        reply.set("ret", "0");
    }
}

/// A `WNOHANG` peek that asks for exits reports the child, which is stopped.
pub fn stopped(system: &System, request: &Reply, reply: &mut Reply, signal: &str, code: &str) {
    if ["WNOHANG", "WNOWAIT", "WEXITED"].iter().all(|option| request.has_option(option))
        && reply.get("si_signo") == Some("0")
    {
        let pid = request.get("who").unwrap_or_default().to_owned();
        for (key, value) in [
            ("si_signo", system.number("SIGCHLD").to_string().as_str()),
            ("si_code", code),
            ("si_pid", &pid),
            ("si_status", &system.number(signal).to_string()),
        ] {
            reply.set(key, value);
        }
    }
}
