//! `waitspec::testing` from the point of view of a crate's author: this program tests its own subjects, and checks its own
//! output when run as `cargo test` and nextest run it.

use libtest_mimic::{Arguments, Failed, Trial};
use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::Mutex;
use waitspec::subject::{Call, NotOffered, Observation, Request, Subject, libc::Libc};
use waitspec::testing;
use waitspec::wait::{Event, Pid, Signal};

/// Set for the instance that tests the subjects.
const JUDGE: &str = "WAITSPEC_TESTS_OF_TESTING";

/// The case whose outcome is checked.
const CASE: &str = "nohang.running-child";

struct Own {
    name: &'static str,
    call: fn(&Request) -> Result<Observation, NotOffered>,
}

impl Subject for Own {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        vec![Call::Waitpid]
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        (self.call)(request)
    }
}

/// `std::process::Child`, which waits only for what it spawned, and whose status is an enum of a kind.
#[derive(Default)]
struct Std {
    children: Mutex<HashMap<i32, Child>>,
}

impl Subject for Std {
    fn name(&self) -> String {
        "std".to_owned()
    }

    fn calls(&self) -> Vec<Call> {
        vec![Call::Waitpid]
    }

    fn retries_eintr(&self) -> bool {
        true
    }

    fn spawn(&self, command: &[OsString]) -> Option<io::Result<Pid>> {
        let mut spawning = Command::new(&command[0]);
        spawning.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null());
        Some(spawning.spawn().map(|child| {
            let pid = Pid::from_child(&child);
            self.children.lock().expect("no panic").insert(pid.as_raw_pid(), child);
            pid
        }))
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        let pid @ 1.. = request.raw_pid()? else {
            return Err(NotOffered("it waits for its own child only"));
        };
        let nohang = match request.options {
            0 => false,
            libc::WNOHANG => true,
            _ => return Err(NotOffered("it has no such option")),
        };
        request.buffers_only()?;
        let child = self.children.lock().expect("no panic").remove(&pid);
        let mut child = child.ok_or(NotOffered("it waits for its own child only"))?;
        let ended = if nohang { child.try_wait() } else { child.wait().map(Some) };
        let seen = match ended {
            Ok(None) => Ok(Observation::nothing()),
            Ok(Some(status)) => {
                // A reaped pid is no longer known.
                let event = match (status.code(), status.signal()) {
                    (Some(code), _) => Event::Exited { code },
                    (None, Some(signal)) => {
                        Event::Signaled { signal: Signal::from_number(signal), core: status.core_dumped() }
                    }
                    (None, None) => Event::Unknown,
                };
                return Observation::event(Pid::from_child(&child), event);
            }
            Err(error) => Ok(Observation::error(error.raw_os_error().unwrap_or(0))),
        };
        self.children.lock().expect("no panic").insert(pid, child);
        seen
    }
}

fn subjects() -> Vec<Box<dyn Subject>> {
    let std: Box<dyn Subject> = Box::new(Std::default());
    let own = [
        Own { name: "right", call: |request| Libc.call(request) },
        Own { name: "wrong", call: |_| Ok(Observation::returned(Ok(1))) },
        Own { name: "crashing", call: |_| std::process::abort() },
        Own {
            name: "hanging",
            call: |_| loop {
                std::thread::park()
            },
        },
        Own { name: "unable", call: |_| Err(NotOffered("it has no such option")) },
    ]
    .map(|subject| Box::new(subject) as Box<dyn Subject>);
    own.into_iter().chain([std]).collect()
}

fn main() -> ExitCode {
    if std::env::var_os(JUDGE).is_some() {
        return testing::main(subjects());
    }
    let arguments = Arguments::from_args();
    let tests = vec![
        Trial::test("a_correct_subject_passes", || outcome("right", &["... ok"], true)),
        Trial::test("a_wrong_subject_fails_with_the_clause", || {
            let reproduce = format!("reproduce cargo test --test testing -- --exact 'wrong::{CASE}@waitpid'");
            outcome(
                "wrong",
                &["FAILED", "must ", "posix/waitpid/nohang-zero", "expected  0", &reproduce],
                false,
            )
        }),
        Trial::test("a_crash_fails", || outcome("crashing", &["CRASH", "SIGABRT"], false)),
        Trial::test("a_hang_fails", || outcome("hanging", &["HANG"], false)),
        Trial::test("a_skip_is_ignored_with_its_reason", || {
            outcome("unable", &["ignored (not offered: it has no such option)"], true)
        }),
        Trial::test("a_subject_may_spawn_its_own_children", || {
            for case in ["by-pid.out-of-order", "examples.basic-wait", "examples.polling"] {
                of_case("std", case, &["... ok"], true)?;
            }
            Ok(())
        }),
        Trial::test("what_is_not_offered_in_a_handler_is_a_skip", || {
            let reason = "ignored (not offered: signals: it waits for its own child only)";
            of_case("std", "sigchld.wait-in-handler", &[reason], true)
        }),
        Trial::test("the_list_is_as_nextest_expects", the_list_is_as_nextest_expects),
        Trial::test("a_filter_named_child_starts_no_child", a_filter_named_child_starts_no_child),
    ];
    libtest_mimic::run(&arguments, tests).exit_code()
}

fn run(arguments: &[&str]) -> Result<(Output, String), Failed> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).args(arguments).env(JUDGE, "1").output()?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok((output, said))
}

fn ensure(condition: bool, said: &str) -> Result<(), Failed> {
    if condition { Ok(()) } else { Err(said.into()) }
}

/// Runs one test alone, as nextest does.
fn outcome(subject: &str, parts: &[&str], well: bool) -> Result<(), Failed> {
    of_case(subject, CASE, parts, well)
}

fn of_case(subject: &str, case: &str, parts: &[&str], well: bool) -> Result<(), Failed> {
    let (output, said) = run(&["--exact", &format!("{subject}::{case}@waitpid"), "--nocapture"])?;
    ensure(output.status.code() == Some(if well { 0 } else { 101 }), &said)?;
    ensure(said.contains("running 1 test\n"), &said)?;
    parts.iter().try_for_each(|part| ensure(said.contains(part), &format!("no `{part}` in\n{said}")))
}

fn the_list_is_as_nextest_expects() -> Result<(), Failed> {
    let (output, said) = run(&["--list", "--format", "terse"])?;
    ensure(output.status.success(), &said)?;
    ensure(said.lines().any(|line| line == format!("right::{CASE}@waitpid: test")), &said)?;
    let of_these = |line: &str| subjects().iter().any(|s| line.starts_with(&format!("{}::", s.name())));
    ensure(said.lines().all(|line| of_these(line) && line.ends_with("@waitpid: test")), &said)?;
    let (output, said) = run(&["--list", "--format", "terse", "--ignored"])?;
    ensure(output.status.success() && said.is_empty(), &said)
}

fn a_filter_named_child_starts_no_child() -> Result<(), Failed> {
    for arguments in [&["child"][..], &["child", "--list"], &["child", "--exact", "--nocapture"]] {
        let (output, said) = run(arguments)?;
        ensure(output.status.code() != Some(64) && !said.contains("waitspec child"), &said)?;
        ensure(arguments.contains(&"--exact") == said.contains("running 0 tests"), &said)?;
    }
    Ok(())
}
