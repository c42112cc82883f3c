//! `waitspec replay`.

use super::Said;
use super::explore::failure;
use super::session::{SessionArgs, failed};
use crate::model::emit_c::emit;
use crate::model::op::{Op, parse};
use crate::model::run::explore::{perform as perform_history, stage};
use crate::model::trace;
use crate::runner::settings::RunError;
use crate::spec::Profile;
use clap::ValueEnum;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Perform a history again: a trace of `waitspec explore`, or a script of one's own.
///
/// A TRACE of `-` is read from standard input.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec replay waitspec-7.trace --subject libc
  waitspec replay waitspec-7.trace --emit c > history.c     the smallest thing to send to a maintainer
  echo 'spawn A; stop A; cont A; wait4(any, WCONTINUED)' | waitspec replay -")]
pub struct Args {
    /// The file with the history
    trace: PathBuf,
    /// Do not perform it: print one C program that does, and needs nothing else
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["subjects", "jobs", "child", "warden"])]
    emit: Option<Language>,
    #[command(flatten)]
    session: SessionArgs,
}

#[derive(Debug, Copy, Clone, PartialEq, Eq, ValueEnum)]
enum Language {
    /// C99 and POSIX
    C,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Said, RunError> {
    let ops = read(&args.trace)?;
    if args.emit == Some(Language::C) {
        if ops.iter().any(|op| matches!(op, Op::Wait(wait) if wait.thread > 0)) {
            let why = "a C program makes its calls one after the other: no history with threads can be one";
            return Err(RunError::Usage(why.to_owned()));
        }
        let profile = args.session.profile.or_else(|| Profile::from_name(std::env::consts::OS));
        let about = [format!("waitspec {}: the history {}", env!("CARGO_PKG_VERSION"), args.trace.display())];
        return Ok(Said::well(emit(&ops, profile.unwrap_or(Profile::Posix), &about)));
    }
    let (pool, subjects) = args.session.pool()?;
    let mut said = Said::default();
    for subject in &subjects {
        match perform_history(&pool, subject, stage(&pool, subject, args.session.uid()), &ops) {
            Ok(played) => {
                said.text += &trace::text(&played, std::slice::from_ref(subject));
                if played.violation.is_some() {
                    said.code = 1;
                    said.text += &failure(subject, &played);
                }
            }
            Err(stop) => {
                pool.end();
                return Err(failed(subject, stop));
            }
        }
    }
    pool.end();
    Ok(said)
}

/// The operations of a trace file.
fn read(path: &Path) -> Result<Vec<Op>, RunError> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let name = path.display();
    let text = text.map_err(|e| RunError::Usage(format!("cannot read {name}: {e}")))?;
    let ops = parse(&text).map_err(|e| RunError::Usage(format!("{name}, {e}")))?;
    if ops.is_empty() {
        return Err(RunError::Usage(format!("{name} holds no operation")));
    }
    Ok(ops)
}
