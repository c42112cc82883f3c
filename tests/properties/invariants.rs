//! Invariants for any input: parsing and printing round-trip, and nothing panics.
//!
//! The property-based tests check them on generated input, the fuzz targets on input from a fuzzer.

use waitspec::model::script;
use waitspec::protocol::fields::{CHILDREN, OWN, get_usage, put_usage};
use waitspec::protocol::wait::{IdType, RawTarget, Reply, WaitRequest, reply_line};
use waitspec::protocol::{Line, LineReader};
use waitspec::report::baseline::Baseline;
use waitspec::report::machine::read::{self, Report};
use waitspec::report::machine::record::Record;
use waitspec::scenario::{ChildOptions, Step, parse_script};
use waitspec::sys::call::abi::{Call, Observation, Pointer};
use waitspec::wait::{Event, Layout, System};

/// On every system, a word has exactly one meaning, and a meaning with a word is encoded as one.
pub fn status(raw: i32) {
    for layout in Layout::ALL {
        let status = layout.decode(raw);
        assert_eq!((status.as_raw(), status.layout()), (raw, layout));
        let predicates =
            [status.is_exited(), status.is_signaled(), status.is_stopped(), status.is_continued()];
        let true_ones = predicates.into_iter().filter(|&is| is).count();
        assert_eq!(true_ones, usize::from(status.event() != Event::Unknown), "{status:?}");
        assert_eq!(status.exit_status().is_some(), status.is_exited(), "{status:?}");
        assert_eq!(status.term_signal().is_some(), status.is_signaled(), "{status:?}");
        assert_eq!(status.stop_signal().is_some(), status.is_stopped(), "{status:?}");
        let has_code = status.is_exited() || status.is_signaled();
        assert_eq!(status.to_exit_code().is_some(), has_code, "{status:?}");
        assert!(!status.to_string().is_empty());
        encoded(layout, status.event());
    }
}

/// An encoded event is decoded as the same event.
pub fn encoded(layout: Layout, event: Event) {
    if let Some(status) = layout.encode(event) {
        assert_eq!(layout.decode(status.as_raw()).event(), event, "{status:?}");
        assert_eq!(status.layout(), layout);
    }
}

/// A line survives a round trip, and so do the requests, answers and steps made from it.
pub fn line(bytes: &[u8]) {
    let Ok(line) = Line::parse(bytes) else { return };
    assert_eq!(line.to_string().parse().as_ref(), Ok(&line));
    for key in line.keys() {
        assert_eq!(line.get(key).is_some(), line.bytes(key).is_some(), "{line}");
        assert!(line.byte_list(key).len() >= usize::from(line.bytes(key) != Some(Vec::new())), "{line}");
    }
    let usage = [OWN, CHILDREN].map(|prefix| get_usage(&line, prefix));
    let mut told = Line::new("ok");
    for (prefix, usage) in [OWN, CHILDREN].into_iter().zip(usage) {
        put_usage(&mut told, prefix, &usage.unwrap_or_default());
    }
    assert_eq!([OWN, CHILDREN].map(|prefix| get_usage(&told, prefix)), usage, "{told}");
    if let Some(Ok(request)) = WaitRequest::from_line(&line) {
        self::request(&request);
    }
    for call in Call::ALL {
        for pointer in [Pointer::Buffer, Pointer::Null] {
            let mut request = WaitRequest::new(call, RawTarget::Pid(-1));
            (request.status, request.rusage, request.info) = (pointer, pointer, pointer);
            // An error has a message.
            let answer = Reply::from_line(&line, &request, System::HOST).map_err(|error| error.to_string());
            assert_ne!(answer.err().as_deref(), Some(""));
        }
    }
    if let Ok(step) = Step::from_line(&line) {
        self::step(&step);
    }
}

/// A request survives a round trip.
pub fn request(request: &WaitRequest) {
    let line = request.to_line(7);
    let sent = line.to_string().parse().expect("a line");
    assert_eq!(WaitRequest::from_line(&sent), Some(Ok(request.clone())), "{line}");
    assert_eq!(line.id(), Some(7));
    if let Ok(host) = request.to_host() {
        assert_eq!(host.call, request.call);
    }
}

/// An observation of an agent reaches the driver.
pub fn observation(seen: &Observation) {
    let line = reply_line(7, seen).to_string();
    let request = WaitRequest::new(Call::Wait6, RawTarget::Id { idtype: IdType::All, who: 0 });
    let Ok(reply) = Reply::from_line(&line.parse().expect("a line"), &request, System::HOST) else {
        panic!("{line}")
    };
    let same = |shown: bool| assert!(shown, "{line}: {reply:?}");
    use waitspec::sys::call::abi::Memory;
    match seen.ret {
        Ok(value) => same(reply.ret == Ok(value)),
        Err(_) => same(reply.ret.is_err()),
    }
    let status = match reply.status {
        Memory::Wrote(status) => Memory::Wrote(status.as_raw()),
        Memory::Untouched => Memory::Untouched,
        Memory::NotObserved | Memory::NoBuffer => Memory::NotObserved,
    };
    same(status == if seen.status == Memory::NoBuffer { Memory::NotObserved } else { seen.status });
    same(reply.spill == seen.spill);
    match (seen.info, &reply.info) {
        (Memory::Wrote(seen), Memory::Wrote(told)) => {
            same((told.pid, told.uid, told.status) == (seen.pid, seen.uid, seen.status));
            same((told.errno, told.other_bytes) == (seen.errno, seen.other_bytes));
            same(told.signo.is_some() == seen.signo.is_some() && told.code.is_some() == seen.code.is_some());
        }
        (Memory::Untouched, told) => same(*told == Memory::Untouched),
        (Memory::NotObserved | Memory::NoBuffer, told) => same(*told == Memory::NotObserved),
        (Memory::Wrote(_), _) => same(false),
    }
    for (seen, told) in [(seen.rusage, reply.rusage), (seen.children, reply.children)] {
        same(told == if seen == Memory::NoBuffer { Memory::NotObserved } else { seen });
    }
}

/// A stream has the same lines however it is split into reads.
pub fn stream(bytes: &[u8], piece: usize) {
    let lines = |piece: usize| {
        let mut reader = LineReader::default();
        let mut lines = Vec::new();
        for piece in bytes.chunks(piece.max(1)) {
            reader.push(piece);
            while let Some(line) = reader.next_line() {
                lines.push(line.expect("no line that is too long"));
            }
        }
        (lines, reader.rest().to_vec())
    };
    if bytes.len() <= waitspec::protocol::line::MAX_LINE {
        let whole = lines(bytes.len());
        assert_eq!(lines(piece), whole);
        let told = [whole.0.join(&b'\n'), whole.1].join(&b'\n');
        assert_eq!(told.strip_prefix(b"\n").filter(|_| !bytes.contains(&b'\n')).unwrap_or(&told), bytes);
    }
}

/// A step survives a round trip.
pub fn step(step: &Step) {
    let text = step.to_string();
    assert_eq!(text.parse::<Step>().as_ref(), Ok(step), "{text}");
}

/// The steps of a script and the arguments of a child survive a round trip.
pub fn script(text: &str) {
    let arguments: Vec<&str> = text.split('\n').collect();
    match parse_script(&arguments) {
        Ok(steps) => {
            steps.iter().for_each(step);
            let printed: Vec<String> = steps.iter().map(Step::to_string).collect();
            assert_eq!(parse_script(&printed), Ok(steps));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match ChildOptions::from_args(&arguments) {
        Ok(options) => assert_eq!(ChildOptions::from_args(&options.to_args()), Ok(options)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A history survives a round trip, on one line and on many.
pub fn history(text: &str) {
    let Ok(ops) = script::parse(text) else { return };
    let printed = script::script(&ops);
    assert_eq!(script::parse(&printed).as_ref(), Ok(&ops), "{printed}");
    assert_eq!(script::parse(&printed.replace("; ", "\n")), Ok(ops), "{printed}");
}

/// A baseline survives a round trip.
pub fn baseline(text: &str) {
    let Ok(baseline) = text.parse::<Baseline>() else { return };
    let printed = baseline.to_string();
    assert_eq!(printed.parse(), Ok(baseline), "{printed}");
}

/// A report survives a round trip; one that is cut off after its header is read up to the cut.
pub fn report(bytes: &[u8], cut: usize) {
    let Ok(report) = read::parse(bytes) else { return };
    let printed = print(&report);
    assert_eq!(read::parse(&printed).as_ref(), Ok(&report), "{}", String::from_utf8_lossy(&printed));
    let header = printed.iter().position(|b| *b == b'\n').map_or(printed.len(), |at| at + 1);
    let cut = header + cut % (printed.len() - header + 1);
    let read = read::parse(&printed[..cut]).unwrap_or_else(|why| panic!("cut at {cut}: {why}"));
    // A line that lacks only its line feed is complete.
    let whole = printed[header..cut].iter().chain(printed[cut..].iter().take(1));
    let whole = whole.filter(|b| **b == b'\n').count();
    let lines = report.trials.len() + usize::from(report.summary.is_some());
    assert_eq!(read.run, report.run);
    assert_eq!(read.trials[..], report.trials[..whole.min(report.trials.len())]);
    assert_eq!(read.summary, report.summary.filter(|_| whole == lines));
}

/// The lines of a report.
pub fn print(report: &Report) -> Vec<u8> {
    let trials = report.trials.iter().cloned().map(Record::Trial);
    let summary = report.summary.iter().cloned().map(Record::Summary);
    let records = [Record::Run(report.run.clone())].into_iter().chain(trials).chain(summary);
    let line =
        |record| serde_json::to_string(&record).expect("a record has no map with keys that are no text");
    records.map(|record| line(record) + "\n").collect::<String>().into_bytes()
}
