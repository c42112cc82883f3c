//! `waitspec replay`.

use super::Output;
use super::explore::failure;
use super::session::{SessionArgs, failed};
use crate::model::emit_c::emit;
use crate::model::op::Op;
use crate::model::run::explore::{perform as perform_history, stage};
use crate::model::run::played::Played;
use crate::model::script::parse;
use crate::model::trace;
use crate::runner::pool::Pool;
use crate::runner::settings::RunError;
use crate::spec::Profile;
use crate::trial::Abort;
use clap::ValueEnum;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Run a recorded history again: a trace from `waitspec explore`, or your own script.
///
/// If TRACE is `-`, standard input is read. A history whose result depends on timing (`race`, calls from several threads) is run
/// until it fails, up to 100 times.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec replay waitspec-libc-7.trace --subject libc
  waitspec replay waitspec-libc-7.trace --emit c > bug.c    a reproducer in C for a bug report
  waitspec replay rare.trace --times 10000                  until it fails
  echo 'spawn A; stop A; cont A; wait4(any, WCONTINUED)' | waitspec replay -")]
pub struct Args {
    /// File with the history
    trace: PathBuf,
    /// Instead of running the history, print a self-contained program that does
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["subjects", "jobs", "child", "warden"])]
    emit: Option<Language>,
    /// Run the history up to N times, until it violates a clause [default: 1; 100 if its result depends on timing]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "emit", allow_negative_numbers = true)]
    times: Option<u32>,
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
        if ops.iter().any(Op::is_concurrent) {
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
    let times = args.times.unwrap_or(if ops.iter().any(Op::depends_on_timing) { 100 } else { 1 });
    for subject in &subjects {
        match perform_until_violated(&pool, subject, args.session.uid(), &ops, times) {
            Ok((played, attempt)) => {
                let mut about = vec![subject.clone()];
                if times > 1 {
                    about.push(format!("run {attempt} of up to {times}"));
                }
                output.text += &trace::text(&played, &about);
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

/// Performs a history until it violates a clause, up to that many times; returns the last performance and its number, from 1.
fn perform_until_violated(
    pool: &Pool,
    subject: &str,
    uid: Option<i64>,
    ops: &[Op],
    times: u32,
) -> Result<(Played, u32), Abort> {
    let mut attempt = 1;
    loop {
        let played = perform_history(pool, subject, stage(pool, subject, uid), ops)?;
        if played.violation.is_some() || attempt >= times {
            return Ok((played, attempt));
        }
        attempt += 1;
    }
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
