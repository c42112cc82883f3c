//! `git bisect run` with the script of `docs/bisect.md`.

use super::read;
use std::path::Path;
use std::process::{Command, Output};

/// The commits of a program that is an agent: how each changes the pid that a wait returns. `None` does not start.
const COMMITS: [Option<&str>; 8] = [
    Some("pid"),
    Some("pid "),
    Some("(pid)"),
    None,
    Some("pid + 0"),
    Some("pid + 1"),
    Some("pid + 1 "),
    Some("(pid + 1)"),
];
const FIRST_BAD: usize = 5;

/// The fixtures' agent, with its returned pids changed.
fn source(change: Option<&str>) -> String {
    let Some(change) = change else { return "this is no program\n".to_owned() };
    let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/agents/python/agent.py");
    format!(
        "import importlib.util\n\
         spec = importlib.util.spec_from_file_location('agent', {:?})\n\
         agent = importlib.util.module_from_spec(spec)\n\
         spec.loader.exec_module(agent)\n\
         send = agent.send\n\
         def changed(word, **fields):\n    \
             if word == 'ok' and int(fields.get('ret', 0)) > 1:\n        \
                 pid = int(fields['ret'])\n        \
                 fields['ret'] = {change}\n    \
             send(word, **fields)\n\
         agent.send = changed\n\
         agent.main()\n",
        agent.display().to_string()
    )
}

fn git(folder: &Path, arguments: &[&str]) -> Output {
    let mut git = Command::new("git");
    git.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
    // Not /dev/null: git writes a configuration by renaming a new file over the old one.
    git.env("GIT_CONFIG_GLOBAL", folder.join("none"))
        .env("WAITSPEC", env!("CARGO_BIN_EXE_waitspec"))
        .env("BUILD", "true");
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").output().expect("git starts")
}

#[test]
fn the_first_bad_commit_is_found_and_one_that_cannot_start_is_skipped() {
    if Command::new("git").arg("--version").output().is_err() {
        eprintln!("not tried: git is not installed");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path();
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/bisect.md"));
    let script = page.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a script");
    std::fs::write(at.join("bisect.sh"), script).expect("written");
    let well = |arguments: &[&str]| {
        let output = git(at, arguments);
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    };
    well(&["init", "-q", "-b", "main"]);
    for (number, commit) in COMMITS.iter().enumerate() {
        std::fs::write(at.join("mywait.py"), source(*commit)).expect("written");
        well(&["add", "mywait.py"]);
        well(&["commit", "-q", "-m", &format!("commit {number}"), "--no-gpg-sign"]);
        well(&["tag", &format!("c{number}")]);
    }
    let run = ["sh", "./bisect.sh", "nohang.running-child@waitpid", "--subject", "agent:python3 mywait.py"];
    // The script's result for single commits: git does not test all of them.
    for (commit, code) in [("c0", 0), ("c3", 125), ("c7", 1)] {
        well(&["checkout", "-q", commit]);
        let script = Command::new("sh")
            .args(&run[1..])
            .current_dir(at)
            .env("WAITSPEC", env!("CARGO_BIN_EXE_waitspec"))
            .env("BUILD", "true")
            .output()
            .expect("the script starts");
        let text =
            String::from_utf8_lossy(&script.stdout).into_owned() + &String::from_utf8_lossy(&script.stderr);
        assert_eq!(script.status.code(), Some(code), "{commit}: {text}");
    }
    well(&["checkout", "-q", "main"]);
    well(&["bisect", "start", "c7", "c0"]);
    let text = well(&[&["bisect", "run"], &run[..]].concat());
    assert!(text.contains("is the first bad commit"), "{text}");
    let bad = well(&["rev-parse", "refs/bisect/bad"]);
    assert_eq!(bad, well(&["rev-parse", &format!("c{FIRST_BAD}")]), "{text}");
}
