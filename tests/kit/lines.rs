//! A framed line that corrupts data: the run reports it, and never as a failure of the subject.
//!
//! This program is also the line: `relay DIRECTION FAULT N COMMAND...` starts a warden and relays its protocol lines, one of them
//! corrupted.

use super::Test;
use super::poll::poll;
use libtest_mimic::Failed;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

pub const TESTS: &[(&str, Test)] = &[
    ("a line that loses, garbles, cuts or doubles a frame breaks one trial and fails none", each_frame),
    ("a line that echoes says how that is switched off", echo),
    ("noise before the hello is noise", boot_noise),
    ("a machine that panics in a run breaks what is left of it, with its last words", panic_in_a_run),
    ("a machine that hangs breaks what is left of the run", hang_in_a_run),
    ("a line that ends before a warden speaks says what came last", panic_at_boot),
];

/// What happens to a line on the way.
fn damaged(fault: &str, line: &[u8]) -> Vec<u8> {
    match fault {
        "drop" => Vec::new(),
        "garble" => {
            let mut line = line.to_vec();
            let at = line.len() - 2;
            line[at] ^= 1;
            line
        }
        "cut" => [&line[..line.len() / 2], b"\n"].concat(),
        "double" => [line, line].concat(),
        _ => line.to_vec(),
    }
}

/// Relays lines, and corrupts the `n`th.
fn carry(from: impl Read, mut to: impl Write, fault: &str, n: usize) {
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    let mut count = 0;
    while from.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        count += 1;
        if fault == "panic" && count == n {
            let _ = to.write_all(b"[   12.345678] Kernel panic - not syncing: Attempted to kill init!\r\n");
            let _ = to.flush();
            return;
        }
        if fault == "hang" && count >= n {
            continue;
        }
        let out = if count == n { damaged(fault, &line) } else { line.clone() };
        if to.write_all(&out).and_then(|()| to.flush()).is_err() {
            return;
        }
        line.clear();
    }
}

/// A stream whose bytes also come back.
struct Tee<R, W>(R, W);

impl<R: Read, W: Write> Read for Tee<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.0.read(buffer)?;
        self.1.write_all(&buffer[..n]).and_then(|()| self.1.flush())?;
        Ok(n)
    }
}

/// The line.
pub fn relay(arguments: &[String]) -> ExitCode {
    let [direction, fault, n, program, rest @ ..] = arguments else { return ExitCode::from(2) };
    let mut child = Command::new(program)
        .args(rest)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the warden starts");
    let (input, output) = (child.stdin.take().expect("input"), child.stdout.take().expect("output"));
    let n: usize = n.parse().expect("a number");
    let (down, up) = if direction == "down" { (n, 0) } else { (0, n) };
    let faults = [fault.clone(), fault.clone()];
    let [of_down, of_up] = faults;
    if fault == "noise" {
        print!("SeaBIOS\r\n[    0.000000] Linux version 9\n@W 1 00000000 . half a fr");
        println!("\n\x1b[2J@D 1 00000000 . warden probe id=1");
    }
    // It ends with the driver's stream.
    std::thread::spawn(move || {
        if of_down == "echo" {
            carry(Tee(std::io::stdin(), std::io::stdout()), input, "", 0);
        } else {
            carry(std::io::stdin(), input, &of_down, down);
        }
    });
    carry(output, std::io::stdout(), &of_up, up);
    if fault == "panic" {
        let _ = child.kill();
    }
    // The streams have ended; this wait is not part of a trial.
    let _ = child.wait();
    ExitCode::SUCCESS
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A run over the line. The deadlines are so long that the run ends in time only if the fault itself is noticed.
fn run(kit: &Path, direction: &str, fault: &str, n: usize) -> Result<Ran, Failed> {
    run_scaled(kit, direction, fault, n, "1000")
}

fn run_scaled(kit: &Path, direction: &str, fault: &str, n: usize, scale: &str) -> Result<Ran, Failed> {
    let own = std::env::current_exe()?;
    let warden =
        format!("framed:{} relay {direction} {fault} {n} {} warden --framed", own.display(), kit.display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    command.args([
        "run",
        "exit-code.one-child@waitpid",
        "nohang.running-child@wait4",
        "exit-code.one-child@wait4",
    ]);
    command.args(["--subject", "libc", "--format", "tap", "--timeout-scale", scale, "--warden", &warden]);
    // A warden that is killed removes nothing there.
    let folder = tempfile::tempdir()?;
    command.env("TMPDIR", folder.path());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    ended(child).map_err(|why| format!("{direction} {fault} {n}: {why}").into())
}

/// Waits for the end of a run, with a deadline.
fn ended(mut child: Child) -> Result<Ran, String> {
    let ended = poll(Duration::from_secs(120), || child.try_wait().transpose());
    let Some(ended) = ended else {
        let _ = child.kill();
        let _ = child.wait();
        return Err("it does not end".to_owned());
    };
    ended.map_err(|error| error.to_string())?;
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) })
}

fn each_frame(kit: &Path) -> Result<(), Failed> {
    let faults = ["drop", "garble", "cut", "double"];
    let kinds = ["down", "up"].into_iter().flat_map(|direction| faults.map(|fault| (direction, fault)));
    let damaged: Vec<Result<usize, String>> = std::thread::scope(|scope| {
        let runs: Vec<_> = kinds.map(|kind| scope.spawn(move || one_kind(kit, kind))).collect();
        runs.into_iter().map(|run| run.join().unwrap_or_else(|_| Err("a panic".into()))).collect()
    });
    let damaged: usize = damaged.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().sum();
    // Some come after the last trial, or are hellos that nothing waits for.
    if damaged < 20 { Err(format!("only {damaged} runs were damaged").into()) } else { Ok(()) }
}

/// One kind of corruption of every few frames; returns how many runs reported it.
fn one_kind(kit: &Path, (direction, fault): (&str, &str)) -> Result<usize, String> {
    let mut damaged = 0;
    // The trials of a run are over by the sixtieth.
    for n in (1..60).step_by(9) {
        let Ran { code, out, err } = run(kit, direction, fault, n).map_err(|failed| format!("{failed:?}"))?;
        let told = |what: &str| format!("{direction} {fault} {n}: {what}\n{code:?}\n{out}{err}");
        match code {
            Some(0) => {}
            Some(3) if (out.clone() + &err).contains("the line to the warden is not clean") => damaged += 1,
            _ => return Err(told("neither clean nor said to be damaged")),
        }
        if out.lines().filter(|line| line.contains("broken")).count() > 1 {
            return Err(told("more than one trial is broken"));
        }
    }
    Ok(damaged)
}

fn echo(kit: &Path) -> Result<(), Failed> {
    let Ran { code, out, err } = run(kit, "up", "echo", 0)?;
    if code == Some(3) && (out.clone() + &err).contains("stty raw -echo") {
        return Ok(());
    }
    Err(format!("{code:?}\n{out}{err}").into())
}

fn boot_noise(kit: &Path) -> Result<(), Failed> {
    let Ran { code, out, err } = run(kit, "up", "noise", 0)?;
    if code == Some(0) { Ok(()) } else { Err(format!("{code:?}\n{out}{err}").into()) }
}

fn panic_in_a_run(kit: &Path) -> Result<(), Failed> {
    let Ran { code, out, err } = run(kit, "up", "panic", 20)?;
    let broken = out.lines().filter(|line| line.contains("verdict: \"broken\"")).count();
    if code == Some(3) && broken > 0 && (out.clone() + &err).contains("Kernel panic - not syncing: Attempted")
    {
        return Ok(());
    }
    Err(format!("{code:?}\n{out}{err}").into())
}

fn hang_in_a_run(kit: &Path) -> Result<(), Failed> {
    let Ran { code, out, err } = run_scaled(kit, "up", "hang", 20, "0.1")?;
    let fails =
        out.lines().any(|line| line.contains("verdict: \"fail\"") || line.contains("verdict: \"hang\""));
    if code == Some(3) && !fails { Ok(()) } else { Err(format!("{code:?}\n{out}{err}").into()) }
}

fn panic_at_boot(_: &Path) -> Result<(), Failed> {
    let command = "framed:echo Kernel panic - not syncing: No working init found.";
    let mut run = Command::new(env!("CARGO_BIN_EXE_waitspec"));
    run.args(["run", "nohang", "--subject", "libc", "--warden", command]);
    let child = run.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let Ran { code, out, err } = ended(child)?;
    let clear = err.contains("the line closed before a warden said hello")
        && err.contains("Kernel panic - not syncing: No working init found.");
    if code == Some(3) && clear { Ok(()) } else { Err(format!("{code:?}\n{out}{err}").into()) }
}
