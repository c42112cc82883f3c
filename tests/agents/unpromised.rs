//! No source, no must: a handle that violates what it never promised fails nothing.
//!
//! Each mutant of a handle is judged without its promises, by every case that kills it with them.

use rustix::fd::{AsFd, BorrowedFd};
use std::ffi::CString;
use waitspec::protocol::handle::Form;
use waitspec::subject::{Handle, Handles};
use waitspec::wait::{Errno, Pid};

/// The prefix of subjects without their promises, hosted by this program's own agent.
pub const PREFIX: &str = "unpromised:";

/// Handles that promise nothing.
struct Unpromised(&'static dyn Handles);

impl Handles for Unpromised {
    fn name(&self) -> String {
        format!("{PREFIX}{}", self.0.name())
    }

    fn version(&self) -> String {
        self.0.version()
    }

    fn form(&self) -> Form {
        self.0.form()
    }

    fn promises(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn spawn(&self, argv: &[CString], output: Option<BorrowedFd<'_>>) -> Result<i32, Errno> {
        self.0.spawn(argv, output)
    }

    fn handle(&self, pid: Pid) -> Box<dyn Handle> {
        self.0.handle(pid)
    }
}

/// Becomes the agent of that subject, without its promises.
pub fn serve(name: &str) -> ! {
    let registry = waitspec::mutants::registry();
    let handles = registry.handles(name).expect("a subject that is a handle");
    let [input, output] = [rustix::stdio::stdin().as_fd(), rustix::stdio::stdout().as_fd()]
        .map(|fd| fd.try_clone_to_owned().expect("a standard stream"));
    waitspec::agent::handles::serve_handles(Box::leak(Box::new(Unpromised(handles))), input, output, None)
}

#[cfg(feature = "cli")]
pub use runs::trials;

#[cfg(feature = "cli")]
mod runs {
    use super::super::faulty::run;
    use super::PREFIX;
    use libtest_mimic::{Failed, Trial};
    use std::collections::BTreeSet;

    const MATRIX: &str = include_str!("../../fixtures/kill-matrix.json");

    /// The mutants of handles, each with the cases that kill it.
    fn mutants() -> Vec<(String, BTreeSet<String>)> {
        let matrix: serde_json::Value = serde_json::from_str(MATRIX).expect("the kill matrix");
        let rows = matrix["rows"].as_object().expect("a row for each mutant");
        let of_handles = rows.iter().filter(|(name, _)| name.starts_with("handle-"));
        let cases = |clauses: &serde_json::Value| {
            let clauses = clauses.as_object().into_iter().flat_map(|clauses| clauses.values());
            clauses.flat_map(|cases| cases.as_object().into_iter().flat_map(|c| c.keys().cloned())).collect()
        };
        of_handles.map(|(name, clauses)| (name.clone(), cases(clauses))).collect()
    }

    /// No clause is credited or violated: the outcome is recorded.
    fn fails_nothing(mutant: &str, cases: &BTreeSet<String>) -> Result<(), Failed> {
        let program = super::super::own_program();
        let subject = format!("--subject=agent:{program} agent {PREFIX}mutant:{mutant}");
        let mut arguments: Vec<&str> = cases.iter().map(String::as_str).collect();
        arguments.extend(["--format=json", "--timeout-scale=0.6", &subject]);
        let ended = run::run(&arguments).finish();
        let report = ended.report();
        let trials: Vec<_> = report.iter().filter(|record| record["type"] == "trial").collect();
        let violates = |trial: &serde_json::Value| {
            trial["verdict"] == "broken"
                || trial["failed_clause"].is_string()
                || trial["clauses"].as_array().is_some_and(|c| !c.is_empty())
        };
        let bad: Vec<_> = trials.iter().filter(|trial| violates(trial)).collect();
        // A process that is left behind is a leak, whatever was promised.
        let has_recorded =
            |trial: &serde_json::Value| trial["recorded"].as_object().is_some_and(|r| !r.is_empty());
        let recorded = trials.iter().filter(|trial| has_recorded(trial)).count();
        if trials.len() == cases.len() && bad.is_empty() && recorded > 0 {
            Ok(())
        } else {
            Err(format!("{bad:?}\n{ended:#?}").into())
        }
    }

    pub fn trials() -> Vec<Trial> {
        let mutants = mutants();
        assert!(mutants.len() >= 35, "{mutants:?}");
        let trial = |(mutant, cases): (String, BTreeSet<String>)| {
            Trial::test(format!("without promises: {mutant}"), move || fails_nothing(&mutant, &cases))
        };
        mutants.into_iter().map(trial).collect()
    }
}
