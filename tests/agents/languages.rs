//! The agents in other languages conform to the protocol, if their interpreter or compiler is installed.

use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::{Failed, Trial};

/// The language, and how its agent is started: a program and its arguments, where `@` stands for the directory of agents.
const INTERPRETED: &[(&str, &[&str])] = &[
    ("Python's template", &["python3", "@template/agent.py"]),
    ("PyPy", &["pypy3", "@python/agent.py"]),
    ("Ruby", &["ruby", "--disable=gems", "@ruby/agent.rb"]),
    ("PHP", &["php", "@php/agent.php"]),
    ("Lua", &["lua5.3", "@lua/agent.lua"]),
    ("Tcl", &["tclsh8.6", "@tcl/agent.tcl"]),
    ("Guile", &["guile", "--no-auto-compile", "@guile/agent.scm"]),
    ("SBCL", &["sbcl", "--script", "@sbcl/agent.lisp"]),
];

/// The language, its compiler with the arguments before the program's name, and the source.
const COMPILED: &[(&str, &[&str], &str)] = &[
    ("Go", &["go", "build", "-o"], "go/agent.go"),
    ("OCaml", &["ocamlopt", "-I", "+unix", "unix.cmxa", "-o"], "ocaml/agent.ml"),
];

/// Modules that are separate packages: the command fails if they are not installed.
const MODULES: &[(&str, &[&str])] = &[
    ("Lua", &["lua5.3", "-l", "posix", "-e", ""]),
    ("PHP", &["php", "-r", "exit(function_exists('pcntl_fork') ? 0 : 1);"]),
    ("Tcl", &["sh", "-c", "echo 'exit [catch {package require Tclx}]' | tclsh8.6"]),
];

fn is_installed(language: &str, program: &str) -> bool {
    let lacks = |command: &[&str]| {
        !Command::new(command[0]).args(&command[1..]).output().is_ok_and(|out| out.status.success())
    };
    super::has(program) && !MODULES.iter().any(|(name, command)| *name == language && lacks(command))
}

/// Compiles an agent in a directory of its own, since compilers write files next to the source.
fn compiled(language: &str, command: &[&str], source: &str) -> Result<Vec<String>, Failed> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("agent-{language}"));
    std::fs::create_dir_all(&folder)?;
    let original = PathBuf::from(super::fixture(source));
    let copy = folder.join(original.file_name().ok_or("a source has a name")?);
    std::fs::copy(&original, &copy)?;
    let program = folder.join("agent");
    let mut compiler = Command::new(command[0]);
    compiler.args(&command[1..]).arg(&program).arg(&copy).current_dir(&folder).env("GO111MODULE", "off");
    let out = compiler.output()?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    Ok(vec![program.to_string_lossy().into_owned()])
}

/// One test for each; it is ignored by name if its program is missing.
pub fn trials() -> Vec<Trial> {
    let interpreted = INTERPRETED.iter().map(|&(language, command)| {
        let argv: Vec<String> = command
            .iter()
            .map(|word| word.strip_prefix('@').map_or_else(|| (*word).to_owned(), super::fixture))
            .collect();
        let ignored = !is_installed(language, command[0]);
        Trial::test(format!("the agent in {language}"), move || super::passes(&argv))
            .with_ignored_flag(ignored)
    });
    let compiled = COMPILED.iter().map(|&(language, command, source)| {
        let ignored = !super::has(command[0]);
        let test = move || super::passes(&compiled(language, command, source)?);
        Trial::test(format!("the agent in {language}"), test).with_ignored_flag(ignored)
    });
    interpreted.chain(compiled).collect()
}
