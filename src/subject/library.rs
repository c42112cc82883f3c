//! A shared object with functions of the family: `so:PATH`, and `preload:PATH`.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::io::FdFlags;

use super::api::{Decoded, Subject};
use super::libc::Libc;
use super::machine::{self, Machine};
use crate::sys::call::abi::{Call, NotOffered, Observation, Request, Return};
use crate::sys::call::bare;
use crate::sys::call::functions::Functions;
use crate::sys::call::library;
use crate::sys::call::observe::{self, Entry};

/// How the agent gets at the object.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// The agent loads it and calls its functions by address.
    Open,
    /// It is loaded before the C library, and the program's own calls reach it (`LD_PRELOAD`).
    Preload,
}

impl Way {
    /// The option of `waitspec agent` that selects it.
    pub const fn option(self) -> &'static str {
        match self {
            Way::Open => "--so",
            Way::Preload => "--preload",
        }
    }

    /// The way that an option selects.
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

/// The option that makes an agent prove that its calls reach the library before it says hello.
pub const PROVE: &str = "--prove";

/// The option of an agent that was re-executed with the library preloaded, followed by the number of the descriptor for
/// its replies.
pub const PRELOADED: &str = "--preloaded";

impl Library {
    /// Loads the library into this process, which must be single-threaded. [`Way::Preload`] without `preloaded`
    /// re-executes
    /// `program` with [`PRELOADED`], to reply to `output`. With `prove`, every call is shown to reach the library.
    ///
    /// # Errors
    /// What is wrong with the library, and how to fix it.
    pub fn load(
        way: Way,
        path: &Path,
        prove: bool,
        preloaded: bool,
        program: &OsStr,
        output: &OwnedFd,
    ) -> Result<Library, String> {
        if let Some(why) = refusal(cfg!(target_feature = "crt-static"), path) {
            return Err(why);
        }
        let file = path.canonicalize().map_err(|e| format!("cannot load {}: {e}", path.display()))?;
        if !preloaded {
            check_machine(&file)?;
            if prove {
                // The last message, if a constructor terminates this process.
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
                    "{} defines none of {}: a function counts only if the file itself defines it; export it under its own name",
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

/// Why a program that is linked like this loads no library, if it loads none.
fn refusal(is_static: bool, path: &Path) -> Option<String> {
    is_static.then(|| {
        format!(
            "this waitspec is linked statically and cannot load {0}: use one that is linked dynamically, or the C \
             kit: --subject 'agent:waitspec-c agent --so {0}' --child 'waitspec-c child'",
            path.display()
        )
    })
}

/// Re-executes this program with the library preloaded; returns why it could not.
fn preload(file: &Path, prove: bool, program: &OsStr, output: &OwnedFd) -> String {
    if file.as_os_str().as_encoded_bytes().iter().any(|byte| [b' ', b':'].contains(byte)) {
        return format!(
            "cannot preload {}: spaces and colons separate paths in LD_PRELOAD; rename it",
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
    /// The file's name only: an agent does not know by which path it was asked for.
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

    fn macros(&self, status: i32) -> Option<Decoded> {
        // Macros are not part of a library: they are those of the system's headers.
        Libc.macros(status)
    }

    fn has_own_image(&self) -> bool {
        true
    }
}

/// Rejects an object built for another machine: a loader may just say that there is no such file.
fn check_machine(file: &Path) -> Result<(), String> {
    let shown = file.display();
    let instead = "use a waitspec or the C kit built for that machine as the warden (--warden)";
    match machine::foreign(file, &shown, instead) {
        Some(why) => Err(why),
        None if Machine::of(file).is_none() && Machine::own().is_some() => {
            Err(format!("{shown} is not a shared object of this system: it is not an ELF file"))
        }
        // A loader maps what is missing, and dies when it touches that.
        None => match machine::cut_off(file).filter(|_| Machine::of(file).is_some()) {
            Some(whole) => Err(format!("{shown} is cut off: it should have {whole} bytes; copy it again")),
            None => Ok(()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::refusal;
    use std::path::Path;

    #[test]
    fn a_static_program_names_what_can_load_a_library() {
        let path = Path::new("./mywait.so");
        assert_eq!(refusal(false, path), None);
        let why = refusal(true, path).expect("a reason");
        assert!(why.contains("linked statically and cannot load ./mywait.so"), "{why}");
        assert!(why.contains("--subject 'agent:waitspec-c agent --so ./mywait.so'"), "{why}");
    }
}
