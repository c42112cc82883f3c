//! `waitspec agent`.

use super::Output;
use super::arguments::{CommandLine, TimeoutScale};
use crate::agent::check::check;
use crate::runner::command::hint;
use crate::runner::settings::RunError;
use crate::subject::library::{Library, PRELOADED, PROVE, Way};
use crate::sys::call::abi::Call;
use crate::sys::{descriptors, signal};
use clap::Subcommand;
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

/// Check an agent, or serve as the agent of a shared object
///
/// `waitspec agent check` is for authors of agents. With --so or --preload, this process becomes an agent that speaks the protocol on
/// standard input and output; the subjects so:PATH and preload:PATH start such agents.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Load this shared object and make its calls
    #[arg(long, value_name = "PATH", conflicts_with = "preload")]
    so: Option<PathBuf>,
    /// Load this shared object before the C library (LD_PRELOAD), and make this program's own calls
    #[arg(long, value_name = "PATH")]
    preload: Option<PathBuf>,
    /// First verify that every call reaches the shared object
    #[arg(long)]
    prove: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check that an agent conforms to the protocol, without running any cases
    ///
    /// Exits with 0 if it does, 5 if it does not or fails to start.
    #[command(after_help = "\
Examples:
  waitspec agent check ./myagent
  waitspec agent check 'python3 fixtures/agents/python/agent.py'")]
    Check {
        /// Command that starts the agent, split into words as a shell does
        #[arg(value_name = "CMD")]
        command: CommandLine,
        /// Command that runs child scenarios [default: `waitspec child`]
        #[arg(long, value_name = "CMD")]
        child: Option<CommandLine>,
        /// Multiply every deadline by X
        #[arg(long, value_name = "X", default_value_t, allow_negative_numbers = true)]
        timeout_scale: TimeoutScale,
    },
}

/// Becomes the agent of a shared object if the arguments (including the program's name) are those with which the driver asks for one:
/// an agent is started for each trial, and its children inherit its peak memory usage. Returns why it cannot.
pub fn serve_if_asked(arguments: &[OsString]) -> Option<RunError> {
    let [program, verb, way, path, options @ ..] = arguments else { return None };
    let way = Way::of_option(way).filter(|_| verb == "agent")?;
    let (output, options) = match options {
        [option, number, rest @ ..] if option == PRELOADED => (Some(number.to_str()?.parse().ok()?), rest),
        _ => (None, options),
    };
    let prove = options == [PROVE];
    (prove || options.is_empty()).then(|| serve(program, way, Path::new(path), prove, output))
}

/// Serves the requests on standard input, or on that descriptor if the library has been preloaded; returns why it cannot.
fn serve(program: &OsStr, way: Way, path: &Path, prove: bool, output: Option<RawFd>) -> RunError {
    let dup = |fd| rustix::io::fcntl_dupfd_cloexec(fd, 3);
    let given = output.map_or_else(|| dup(rustix::stdio::stdout()), descriptors::adopt);
    let (Ok(input), Ok(given)) = (dup(rustix::stdio::stdin()), given) else {
        return RunError::Broken("standard input or output is closed".into());
    };
    // The library's output must not end up between the replies. A crash in its constructor must count as a crash.
    let _ = rustix::stdio::dup2_stdout(rustix::stdio::stderr());
    signal::reset_all();
    match Library::load(way, path, prove, output.is_some(), program, &given) {
        Ok(library) => crate::serve(Box::leak(Box::new(library)), input, given),
        Err(why) => RunError::Adapter(why),
    }
}

/// Performs the verb.
pub fn perform(args: &Args) -> Result<Output, RunError> {
    let asked = args.so.as_ref().map(|path| (Way::Open, path));
    if let Some((way, path)) = asked.or_else(|| args.preload.as_ref().map(|path| (Way::Preload, path))) {
        let program = std::env::args_os().next().unwrap_or_default();
        return Err(serve(&program, way, path, args.prove, None));
    }
    let Some(What::Check { command, child, timeout_scale }) = &args.what else {
        return Err(RunError::Usage("agent: nothing to do; try waitspec agent --help".into()));
    };
    let child = match child {
        Some(child) => child.words.clone(),
        None => {
            let own = std::env::current_exe()
                .map_err(|e| RunError::Broken(format!("cannot determine the path of this program: {e}")))?;
            vec![own.to_string_lossy().into_owned(), "child".to_owned()]
        }
    };
    let report = check(&command.words, &child, timeout_scale.0);
    let mut text = String::new();
    let name = report.agent.as_deref().map(str::trim).filter(|name| !name.is_empty()).unwrap_or("the agent");
    if report.passed() {
        let calls = report.calls.iter().map(|call: &Call| call.name());
        let handles = report.handles.iter().flat_map(|hello| &hello.abilities).map(String::as_str);
        let tested: Vec<&str> = calls.chain(report.handles.iter().map(|_| "wait")).chain(handles).collect();
        let _ = writeln!(text, "{name} conforms to the protocol; tested: {}", tested.join(" "));
        return Ok(Output::success(text));
    }
    if let Some(why) = report.agent.is_none().then(|| hint(&command.words)).flatten() {
        return Err(RunError::Adapter(format!("the agent did not start: {why}")));
    }
    for finding in &report.findings {
        let _ = writeln!(text, "{finding}");
    }
    let n = report.findings.len();
    let _ = writeln!(text, "{name} violates the protocol: {n} finding{}", if n == 1 { "" } else { "s" });
    Ok(Output { text, code: RunError::Adapter(String::new()).exit_code() })
}
