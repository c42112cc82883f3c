//! `waitspec replay`.

use super::Output;
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

/// Run a recorded history again: a trace from `waitspec explore`, or your own script.
///
/// If TRACE is `-`, standard input is read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec replay waitspec-libc-7.trace --subject libc
  waitspec replay waitspec-libc-7.trace --emit c > bug.c    a reproducer in C for a bug report
  echo 'spawn A; stop A; cont A; wait4(any, WCONTINUED)' | waitspec replay -")]
pub struct Args {
    /// File with the history
    trace: PathBuf,
    /// Instead of running the history, print a self-contained program that does
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
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let ops = read(&args.trace)?;
    if args.emit == Some(Language::C) {
        if ops.iter().any(|op| matches!(op, Op::Wait(wait) if wait.thread > 0)) {
            let why =
                "a history with threads cannot be written as a C program, which makes its calls sequentially";
            return Err(RunError::Usage(why.to_owned()));
        }
        let profile = args.session.profile.or_else(|| Profile::from_name(std::env::consts::OS));
        let about = [format!("waitspec {}: the history {}", env!("CARGO_PKG_VERSION"), args.trace.display())];
        return Ok(Output::success(emit(&ops, profile.unwrap_or(Profile::Posix), &about)));
    }
    let (pool, subjects) = args.session.pool(&[])?;
    let mut output = Output::default();
    for subject in &subjects {
        match perform_history(&pool, subject, stage(&pool, subject, args.session.uid()), &ops) {
            Ok(played) => {
                output.text += &trace::text(&played, std::slice::from_ref(subject));
                if played.violation.is_some() {
                    output.code = 1;
                    output.text += &failure(subject, &played);
                }
            }
            Err(stop) => {
                pool.end();
                return Err(failed(subject, stop));
            }
        }
    }
    pool.end();
    Ok(output)
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
        return Err(RunError::Usage(format!("{name} contains no operations")));
    }
    Ok(ops)
}
