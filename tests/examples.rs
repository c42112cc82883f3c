//! The output of the six programs in `examples/` is checked for its meaning, never for elapsed time.
//!
//! The programs sleep to produce an order of events, which a busy machine can upset. They run with a short second first, and with
//! longer ones only if that fails: a wrong program fails with all of them.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The lengths of a second to try, in milliseconds.
const SECONDS: [u32; 4] = [20, 100, 500, 2500];
/// A program that takes longer has hung.
const LONGEST: Duration = Duration::from_secs(120);

type Checked = Result<(), String>;

/// The built program. `cargo test` and nextest build the examples; a build of this test alone does not.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the running program");
    let built = own.ancestors().nth(2).expect("target/debug").join("examples").join(name);
    assert!(built.exists(), "{} is missing: cargo build --examples", built.display());
    built
}

/// What a program printed; it must exit 0.
fn printed(name: &str, second: u32) -> String {
    let mut running = Command::new(program(name))
        .arg(second.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut output = running.stdout.take().expect("it is a pipe");
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.read_to_string(&mut text).map(|_| text);
        let _ = sender.send(read);
    });
    let text = receiver.recv_timeout(LONGEST).unwrap_or_else(|_| {
        let _ = running.kill();
        let _ = running.wait();
        panic!("{name} hangs");
    });
    let status = running.wait().expect("our child");
    let text = text.expect("text");
    assert!(status.success(), "{name}: {status}\n{text}");
    text
}

/// Runs a program with longer and longer seconds until its output is right.
fn runs_well(name: &str, check: impl Fn(&str) -> Checked) {
    let mut complaints = String::new();
    for second in SECONDS {
        let text = printed(name, second);
        match check(&text) {
            Ok(()) => return,
            Err(what) => complaints += &format!("with {second} ms a second: {what}\n{text}\n"),
        }
    }
    panic!("{name}\n{complaints}");
}

fn ensure(condition: bool, what: &str) -> Checked {
    if condition { Ok(()) } else { Err(what.to_owned()) }
}

/// The text after a label at the beginning of a line.
fn after<'t>(text: &'t str, label: &str) -> Result<&'t str, String> {
    let mut values = text.lines().filter_map(|line| line.strip_prefix(label));
    let value = values.next().ok_or_else(|| format!("no line `{label}`"))?;
    if values.next().is_some() { Err(format!("two lines `{label}`")) } else { Ok(value.trim()) }
}

/// The number that follows a label, up to the next blank.
fn number<T: std::str::FromStr>(text: &str, label: &str) -> Result<T, String> {
    let value = after(text, label)?;
    let word = value.split_whitespace().next().unwrap_or_default();
    word.parse().map_err(|_| format!("`{label}` is followed by `{value}`"))
}

/// The `reaped PID: exit code N` lines, in order.
fn reaped(text: &str) -> Result<Vec<(i32, i32)>, String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("reaped "));
    lines
        .map(|line| {
            let (pid, code) = line.split_once(": exit code ").ok_or(line)?;
            Ok((pid.parse().map_err(|_| line)?, code.parse().map_err(|_| line)?))
        })
        .collect::<Result<_, &str>>()
        .map_err(str::to_owned)
}

#[test]
fn basic_wait_prints_pid_status_and_usage() {
    runs_well("basic_wait", |text| {
        let child: i32 = number(text, "parent: waiting for child ")?;
        ensure(text.contains(&format!("child {child}: working")), "the child does not call itself that")?;
        ensure(number::<i32>(text, "pid: ")? == child, "another pid was reaped")?;
        ensure(after(text, "status: ")? == "0x0000 (exited 0)", "another status")?;
        ensure(number::<u64>(text, "max RSS: ")? > 0, "a process without memory")?;
        number::<f64>(text, "user time: ").and(number::<f64>(text, "system time: ")).map(drop)
    });
}

#[test]
fn non_blocking_polls_until_the_child_exits() {
    runs_well("non_blocking", |text| {
        let child: i32 = number(text, "child: ")?;
        let polls = text.lines().filter(|line| *line == "not yet: (0, 0, 0)").count();
        ensure(polls > 0, "it never found the child running")?;
        ensure(number::<i32>(text, "pid: ")? == child, "another pid was reaped")?;
        ensure(number::<i32>(text, "status >> 8: ")? == 42, "another status")?;
        ensure(number::<i32>(text, "exit code: ")? == 42, "another exit code")
    });
}

#[test]
fn specific_process_reaps_the_second_child_first() {
    runs_well("specific_process", |text| {
        let pids: Vec<i32> =
            (0..3).map(|n| number(text, &format!("child {n}: "))).collect::<Result<_, _>>()?;
        let expected = [1, 0, 2].map(|n: i32| (pids[n as usize], n));
        ensure(reaped(text)? == expected, "another order")?;
        after(text, "no zombie is left").map(drop)
    });
}

#[test]
fn resource_usage_is_at_least_what_the_child_used() {
    runs_well("resource_usage", |text| {
        let used: f64 = number(text, "child: used ")?;
        let cpu: f64 = number::<f64>(text, "user time: ")? + number::<f64>(text, "system time: ")?;
        // Both are sums of two figures truncated to microseconds.
        ensure(used > 0.0 && cpu + 2e-6 >= used, "less CPU time than the child used")?;
        ensure(number::<u64>(text, "max RSS: ")? >= 10 << 20, "less memory than was written to")?;
        ensure(number::<u64>(text, "minor faults: ")? > 0, "memory without a page fault")?;
        number::<u64>(text, "major faults: ").map(drop)
    });
}

#[test]
fn signal_handling_prints_the_signal() {
    runs_well("signal_handling", |text| {
        let child: i32 = number(text, "child: ")?;
        ensure(text.contains("sending SIGTERM\n"), "no signal was sent")?;
        ensure(after(text, &format!("{child}: "))? == "killed by SIGTERM", "another end")
    });
}

#[test]
fn any_child_reaps_each_as_it_exits() {
    runs_well("any_child", |text| {
        let spawned = text.lines().filter_map(|line| line.strip_prefix("child ")).map(|line| {
            let (pid, time) = line.strip_suffix(" s")?.split_once(" sleeps ")?;
            Some((pid.parse().ok()?, time.parse().ok()?))
        });
        let mut spawned: Vec<(i32, i32)> =
            spawned.collect::<Option<_>>().ok_or("a child unlike the others")?;
        let mut reaped = reaped(text)?;
        ensure(reaped.is_sorted_by_key(|(_, time)| *time), "not in the order of their ends")?;
        spawned.sort_unstable();
        reaped.sort_unstable();
        ensure(spawned.len() == 5 && reaped == spawned, "not each child once, with its own exit code")?;
        after(text, "no child is left").map(drop)
    });
}
