//! Writes the seeds of each target to `corpus/TARGET`, made from the fixtures and from what the library prints.

use std::path::Path;
use waitspec::model::generate::{Shape, history};
use waitspec::model::script;
use waitspec::protocol::Line;
use waitspec::protocol::fields::{OWN, put_usage};
use waitspec::protocol::wait::{Flag, IdType, OptionSet, RawTarget, WaitRequest, reply_line};
use waitspec::scenario::{FORMS, library};
use waitspec::sys::call::abi::{Call, Info, Memory, Observation, Usage};
use waitspec::wait::{Event, Layout, Signal};

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (target, seeds) in [
        ("status", statuses()),
        ("protocol", lines()),
        ("scenario", scripts()),
        ("report", fixtures("reports")?),
        ("history", fixtures("traces")?.into_iter().chain(histories()).collect()),
        ("baseline", baselines()),
    ] {
        let folder = root.join("corpus").join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}

fn fixtures(folder: &str) -> std::io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
    std::fs::read_dir(folder)?.map(|entry| std::fs::read(entry?.path())).collect()
}

fn statuses() -> Vec<Vec<u8>> {
    let events = [
        Event::Exited { code: 42 },
        Event::Signaled { signal: Signal::TERM, core: true },
        Event::Stopped { signal: Signal::STOP, ptrace: 0 },
        Event::Continued,
    ];
    let words = Layout::ALL.into_iter().flat_map(|layout| events.map(|event| layout.encode(event)));
    words.flatten().map(|status| status.as_raw().to_le_bytes().to_vec()).collect()
}

fn lines() -> Vec<Vec<u8>> {
    let usage = Usage { utime_us: Some(301), maxrss: Some(416), ..Usage::default() };
    let info = Info { signo: Some(17), code: Some(1), pid: Some(7), ..Info::default() };
    let seen = Observation {
        status: Memory::Wrote(0x700),
        rusage: Memory::Wrote(usage),
        info: Memory::Wrote(info),
        ..Observation::returned(Ok(7))
    };
    let mut lines: Vec<Line> = vec![reply_line(1, &seen), reply_line(2, &Observation::error(10))];
    let mut report = Line::new("last");
    put_usage(&mut report, OWN, &usage);
    lines.push(report);
    for call in Call::ALL {
        let target = match call {
            Call::Waitid | Call::Wait6 => RawTarget::Id { idtype: IdType::Pid, who: 7 },
            _ => RawTarget::Pid(-1),
        };
        let mut request = WaitRequest::new(call, target);
        request.options = OptionSet { flags: vec![Flag::NoHang], raw: 0x4000_0000 };
        lines.push(request.to_line(3));
    }
    lines.iter().map(|line| line.to_string().into_bytes()).collect()
}

fn scripts() -> Vec<Vec<u8>> {
    let named = library::names().filter_map(library::find).map(|named| {
        let steps: Vec<String> = named.steps().iter().map(ToString::to_string).collect();
        steps.join("\n").into_bytes()
    });
    let forms = FORMS.iter().map(|form| format!("{} {}", form.word, form.keys).into_bytes());
    let options =
        b"--connect\n/tmp/s\n--token\nt\n--orphan\n--program\np\nfork token=u steps=exit%20code=7".to_vec();
    named.chain(forms).chain([options]).collect()
}

fn histories() -> impl Iterator<Item = Vec<u8>> {
    let shape = Shape::new(12, 4, Call::ALL.to_vec(), "linux");
    (0..20).map(move |run| script::script(&history(1, run, &shape)).into_bytes())
}

fn baselines() -> Vec<Vec<u8>> {
    vec![b"# known\na@wait4 agent:python3 a.py fail\nb@wait libc hang\n".to_vec()]
}
