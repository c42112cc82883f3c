//! A warden forwards the lines of an agent and a child unchanged: it does not rewrite them.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;

/// Writes lines as no program here would: well-formed, but with more spaces than necessary and bytes encoded that need
/// not be. Its child is a process that connects on its own.
const AGENT: &str = r#"
import os, socket, sys
print("hello  protocol=1   name=%%6d%%69ne pid=%d" % os.getpid(), flush=True)
request = dict(pair.split("=", 1) for pair in sys.stdin.readline().split()[1:])
with socket.socket(socket.AF_UNIX) as child:
    child.connect(request["socket"])
    child.sendall(b"hello   token=n-A  pid=%d %s\n" % (os.getpid(), b"note=%41"))
    print("ok   id=%s" % request["id"], flush=True)
    sys.stdin.readline()
"#;

/// Its input is closed and it is reaped, whatever the outcome.
struct Warden(Child);

impl Drop for Warden {
    fn drop(&mut self) {
        self.0.stdin = None;
        let _ = self.0.wait();
    }
}

pub fn as_it_came() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("agent.py");
    std::fs::write(&script, AGENT)?;
    let mut warden = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    warden.arg("warden").env("TMPDIR", folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut warden = Warden(warden.spawn()?);
    let mut input = warden.0.stdin.take().ok_or("no input")?;
    let output = warden.0.stdout.take().ok_or("no output")?;
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || BufReader::new(output).lines().try_for_each(|line| send.send(line)));
    let deadline = Instant::now() + Duration::from_secs(60);
    // A child and the agent have a connection each: either may be heard first.
    let mut unread: Vec<String> = Vec::new();
    let mut next = |of: &str| -> Result<String, Failed> {
        loop {
            if let Some(at) = unread.iter().position(|line| line.starts_with(of)) {
                return Ok(unread.remove(at).split_off(of.len()));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            unread.push(lines.recv_timeout(left).map_err(|_| format!("no line of {of} came"))??);
        }
    };
    writeln!(input, "warden open id=1 nonce=n argv=python3,{}", script.display())?;
    let open = next("warden ok ")?;
    let socket = open.split(' ').find_map(|pair| pair.strip_prefix("socket=")).ok_or("no socket")?;
    let hello = next("agent ")?;
    let pid = hello.rsplit_once('=').map(|(_, pid)| pid.to_owned()).ok_or("no pid")?;
    assert_eq!(hello, format!("hello  protocol=1   name=%6d%69ne pid={pid}"));
    writeln!(input, "agent connect id=2 socket={socket}")?;
    assert_eq!(next("child A ")?, format!("hello   token=n-A  pid={pid} note=%41"));
    assert_eq!(next("agent ")?, "ok   id=2");
    drop(input);
    Ok(())
}
