//! `waitspec emit-c`.

use super::Output;
use crate::model::emit_c::{HISTORIES, emit_suite, id};
use crate::runner::select::matches;
use crate::runner::settings::RunError;
use crate::spec::Profile;
use crate::sys::call::abi::Call;

/// Print a C program that tests the wait calls of the system it runs on.
///
/// The program contains those cases of the catalogue that have no branches, needs about 13 system calls and no connection to
/// waitspec, and prints TAP: for a kernel on which nothing else runs yet.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  waitspec emit-c >waits.c && cc -o waits waits.c && ./waits
  waitspec emit-c exit-code nohang --profile posix        only some cases, against the standard alone
  waitspec emit-c | musl-gcc -static -x c -o init -       the only program in an initramfs")]
pub struct Args {
    /// Cases, as for `run`: parts of ids, or patterns with `*` [default: all]
    groups: Vec<String>,
    /// Clauses that apply
    #[arg(long, value_name = "PROFILE", value_parser = super::run::profile_names())]
    profile: Option<Profile>,
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let chosen = |pattern: &str, id: &str| {
        let (case, call) = id.split_once('@').unwrap_or((id, ""));
        Call::from_name(call).is_some_and(|call| matches(pattern, case, call.into()))
    };
    for group in &args.groups {
        if !HISTORIES
            .iter()
            .flat_map(|h| h.calls.iter().map(|call| id(h, *call)))
            .any(|id| chosen(group, &id))
        {
            let why = format!("none of the cases that can be written as a C program matches `{group}`");
            return Err(RunError::Nothing(why));
        }
    }
    let profile = args.profile.or_else(|| Profile::from_name(std::env::consts::OS)).unwrap_or(Profile::Posix);
    let groups = if args.groups.is_empty() { "all cases".to_owned() } else { args.groups.join(" ") };
    let about = format!("waitspec {}: {groups}, judged by {profile}", env!("CARGO_PKG_VERSION"));
    let wanted = |id: &str| args.groups.is_empty() || args.groups.iter().any(|group| chosen(group, id));
    let text = emit_suite(profile, &about, wanted);
    text.map(Output::success).ok_or_else(|| RunError::Nothing("no case is selected".to_owned()))
}
