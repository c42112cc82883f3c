//! A shared object with functions of the family: `so:PATH`, and `preload:PATH`.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::io::FdFlags;

use super::api::{Decoded, Subject};
use super::libc::Libc;
use super::machine::Machine;
use crate::sys::call::abi::{Call, NotOffered, Observation, Request, Return};
use crate::sys::call::bare;
use crate::sys::call::functions::Functions;
use crate::sys::call::library;
use crate::sys::call::observe::{self, Entry};

/// How the object comes into the agent.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// The agent loads it, and calls its functions by their addresses.
    Open,
    /// It is loaded before the C library, and the program's own calls reach it (`LD_PRELOAD`).
    Preload,
}

impl Way {
    /// The option of `waitspec agent`.
    pub const fn option(self) -> &'static str {
        match self {
            Way::Open => "--so",
            Way::Preload => "--preload",
        }
    }

    /// The way of that option.
    pub fn of_option(option: &OsStr) -> Option<Way> {
        [Way::Open, Way::Preload].into_iter().find(|way| way.option() == option)
    }
}

/// The functions of a shared object.
#[derive(Debug)]
pub struct Library {
    name: String,
    functions: Functions,
}

/// The option of an agent that proves that its calls reach the library, before it says hello.
pub const PROVE: &str = "--prove";

/// The option of an agent that was re-executed with the library before all others, before the number of the descriptor for its
/// replies.
pub const PRELOADED: &str = "--preloaded";

impl Library {
    /// Loads the library into this process, which must have one thread; for [`Way::Preload`] without `preloaded` by
    /// re-executing `program` with [`PRELOADED`], to reply to `output`. With `prove`, every call is shown to reach it.
    ///
    /// # Errors
    /// What is wrong with the library, and what to do about it.
    pub fn load(
        way: Way,
        path: &Path,
        prove: bool,
        preloaded: bool,
        program: &OsStr,
        output: &OwnedFd,
    ) -> Result<Library, String> {
        if cfg!(target_feature = "crt-static") {
            return Err(format!(
                "this waitspec is linked statically and cannot load {0}: use one that is linked dynamically, or the C \
                 kit: --subject 'agent:waitspec-c agent --so {0}' --child 'waitspec-c child'",
                path.display()
            ));
        }
        let file = path.canonicalize().map_err(|e| format!("cannot load {}: {e}", path.display()))?;
        if !preloaded {
            check_machine(&file)?;
            if prove {
                // The last that is said if a constructor ends this process.
                eprintln!(
                    "loading {}; if nothing follows, a constructor of the library crashed or never returned",
                    file.display()
                );
            }
        }
        let functions = match way {
            Way::Open => library::open(&file).map_err(|e| format!("cannot load {}: {e}", file.display()))?,
            Way::Preload if preloaded => {
                library::forget_preloaded(&file);
                library::linked_from(&file)
            }
            Way::Preload => return Err(preload(&file, prove, program, output)),
        };
        let calls = functions.calls();
        if calls.is_empty() {
            return Err(match way {
                Way::Open => format!(
                    "{} defines none of {}: a function counts only if it is in that file; export it under its own name",
                    file.display(),
                    Call::ALL.map(Call::name).join(", ")
                ),
                Way::Preload => format!(
                    "no call of this program reaches {}: it defines none of {}, or was not loaded",
                    file.display(),
                    Call::ALL.map(Call::name).join(", ")
                ),
            });
        }
        for call in calls.into_iter().filter(|_| prove) {
            library::prove(functions, call)
                .map_err(|why| format!("no proof that {} reaches {}: {why}", call.name(), file.display()))?;
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Library { name, functions })
    }
}

/// Re-executes this program with the library; why it could not.
fn preload(file: &Path, prove: bool, program: &OsStr, output: &OwnedFd) -> String {
    if file.as_os_str().as_encoded_bytes().iter().any(|byte| [b' ', b':'].contains(byte)) {
        return format!(
            "cannot preload {}: a space or a colon separates paths there; rename it",
            file.display()
        );
    }
    if let Err(error) = rustix::io::fcntl_setfd(output, FdFlags::empty()) {
        return error.to_string();
    }
    let words: [OsString; 6] = [
        program.to_owned(),
        "agent".into(),
        Way::Preload.option().into(),
        file.into(),
        PRELOADED.into(),
        output.as_raw_fd().to_string().into(),
    ];
    let words = words.into_iter().chain(prove.then(|| PROVE.into()));
    let words: Result<Vec<CString>, _> = words.map(|word| CString::new(word.into_vec())).collect();
    match words {
        Ok(words) => {
            let error = library::exec_preloaded(&words, file);
            format!("cannot re-execute {}: {error}", program.display())
        }
        Err(error) => error.to_string(),
    }
}

impl Subject for Library {
    /// The file's name: an agent does not know by which path it was asked for.
    fn name(&self) -> String {
        self.name.clone()
    }

    fn calls(&self) -> Vec<Call> {
        self.functions.calls()
    }

    fn call(&self, request: &Request) -> Result<Observation, NotOffered> {
        observe::perform(Entry::Library(self.functions), request)
    }

    fn call_unobserved(&self, request: &Request) -> Result<Return, NotOffered> {
        bare::of_functions(&self.functions, request)
    }

    fn decode(&self, status: i32) -> Option<Decoded> {
        // Macros are not in a library: they are those of the system's headers.
        Libc.decode(status)
    }

    fn has_own_image(&self) -> bool {
        true
    }
}

/// Refuses an object for another machine: a loader may say of one that there is no such file.
fn check_machine(file: &Path) -> Result<(), String> {
    let own = Machine::own();
    let shown = file.display();
    match (Machine::of(file), own) {
        (Some(machine), Some(own)) if machine != own => Err(format!(
            "{shown} is for {machine}, this program for {own}: build it for {own}, or let a waitspec or the C kit for \
             {machine} be the warden (--warden)"
        )),
        (None, Some(_)) => Err(format!("{shown} is no shared object of this system: it is no ELF file")),
        _ => Ok(()),
    }
}
