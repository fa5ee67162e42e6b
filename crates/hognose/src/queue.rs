//! `hognose queue`: the disk buffers of destinations, for operators.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lexopt::prelude::*;
use message::{Message, Origin, Record};
use pipeline::disk_queue::DIRECTORY_SUFFIX;
use serde_json::{Map, Value as Json, json};
use store::{BufferOptions, Directory, DiskBuffer, Entry};

use crate::cli::{CliError, PERSIST_FILE};
use crate::exit_code::ExitCode;

/// `hognose queue --help`
const HELP: &str = "\
Shows what the disk buffers of destinations hold, and moves it. Refuses one that a daemon has.

Usage:
  hognose queue list [DIR]      the buffers in a directory (/var/lib/syslog-ng)
  hognose queue dump QUEUE      the messages as JSON, one a line
  hognose queue verify QUEUE    reads all of it, and says what is damaged
  hognose queue requeue FROM TO appends what one buffer holds to another, and empties the first

QUEUE is the directory of a buffer, such as /var/lib/syslog-ng/afsocket_dd_….queue.
Exit codes: 0 fine, 1 damaged, in use, or not there.
";

/// Bytes read at once.
const READ_BYTES: usize = 1 << 20;
/// What is looked at is not bounded by a capacity.
const OPTIONS: BufferOptions = BufferOptions { capacity: u64::MAX, compress: false, preallocate: false };

/// Does what `arguments` say.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    match obey(arguments, &mut out) {
        Ok(()) => ExitCode::Fine,
        Err(what) => {
            let _ = writeln!(err, "{what}");
            ExitCode::Wrong
        }
    }
}

fn obey(arguments: &[OsString], out: &mut impl Write) -> Result<(), String> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut help, mut words) = (false, Vec::new());
    while let Some(argument) = parser.next().map_err(|error| CliError::from(error).to_string())? {
        match argument {
            Short('h') | Long("help") => help = true,
            Value(word) => words.push(word),
            other => return Err(CliError::unknown(&other).to_string()),
        }
    }
    let words: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    match (words.first().and_then(|word| word.to_str()), words.get(1..).unwrap_or_default()) {
        _ if help => out.write_all(HELP.as_bytes()).map_err(|error| error.to_string()),
        (None, _) => out.write_all(HELP.as_bytes()).map_err(|error| error.to_string()),
        (Some("list"), []) => list(Path::new(PERSIST_FILE).parent().unwrap_or(Path::new("/")), out),
        (Some("list"), [dir]) => list(Path::new(dir), out),
        (Some("dump"), [queue]) => dump(Path::new(queue), out),
        (Some("verify"), [queue]) => verify(Path::new(queue), out),
        (Some("requeue"), [from, to]) => requeue(Path::new(from), Path::new(to), out),
        (Some("list"), _) => Err(CliError::Excess.to_string()),
        (Some("dump" | "verify"), []) => Err("which queue? Name its directory".to_owned()),
        (Some("requeue"), [] | [_]) => Err("from which queue to which? Name both directories".to_owned()),
        (Some("dump" | "verify" | "requeue"), _) => Err(CliError::Excess.to_string()),
        (Some(other), _) => Err(CliError::Unknown(other.to_owned()).to_string()),
    }
}

fn list(dir: &Path, out: &mut impl Write) -> Result<(), String> {
    let entries = dir.read_dir().map_err(|error| format!("cannot look into {}: {error}", dir.display()))?;
    let is_queue = |path: &PathBuf| path.to_string_lossy().ends_with(DIRECTORY_SUFFIX) && path.is_dir();
    let mut queues: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_queue).collect();
    queues.sort();
    for queue in queues {
        let held = match open(&queue) {
            Ok(buffer) => {
                let holdings = buffer.holdings();
                format!("{} messages, {} bytes", holdings.records, holdings.bytes)
            }
            Err(why) => why,
        };
        say(out, &format!("{}: {held}", queue.display()))?;
    }
    Ok(())
}

fn dump(queue: &Path, out: &mut impl Write) -> Result<(), String> {
    each(&mut open(queue)?, |entry| say(out, &shown(entry).to_string()))
}

fn verify(queue: &Path, out: &mut impl Write) -> Result<(), String> {
    let mut buffer = open(queue)?;
    let (mut whole, mut odd) = (0u64, 0u64);
    each(&mut buffer, |entry| {
        let fine = Record::check(&entry.record).is_ok() && entry.origin.is_some();
        *(if fine { &mut whole } else { &mut odd }) += 1;
        Ok(())
    })?;
    let (missing, bytes) = (buffer.holdings().missing, buffer.holdings().skipped_bytes);
    let result = format!("{}: {whole} messages are whole", queue.display());
    if missing + odd + bytes == 0 {
        return say(out, &format!("{result}, nothing is wrong"));
    }
    Err(format!("{result}, {missing} are missing, {odd} are damaged in part, {bytes} bytes are no messages"))
}

fn requeue(from: &Path, to: &Path, out: &mut impl Write) -> Result<(), String> {
    let (mut source, mut target) = (open(from)?, open(to)?);
    let mut moved = 0u64;
    each(&mut source, |entry| {
        let origin = entry
            .origin
            .as_deref()
            .map_or_else(|| Origin::new(&[]).record().as_bytes().to_vec(), <[u8]>::to_vec);
        moved += 1;
        target.append(&origin, &[&entry.record]).map(|_| ()).map_err(|error| error.to_string())
    })?;
    // They are durable there before they go here.
    let words = |error: io::Error| error.to_string();
    target.close().map_err(words)?;
    let all = source.next();
    source.answer(all);
    source.close().map_err(words)?;
    say(out, &format!("{moved} messages moved from {} to {}", from.display(), to.display()))
}

/// Opens what is there: a tool makes no new buffer.
fn open(queue: &Path) -> Result<DiskBuffer, String> {
    let opened = Directory::at(queue).and_then(|disk| DiskBuffer::open(Arc::new(disk), OPTIONS));
    opened.map(|(buffer, _)| buffer).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => format!("{} is in use by a daemon", queue.display()),
        _ => format!("cannot open {}: {error}", queue.display()),
    })
}

fn each(buffer: &mut DiskBuffer, mut what: impl FnMut(&Entry) -> Result<(), String>) -> Result<(), String> {
    loop {
        let entries = buffer.read(READ_BYTES).map_err(|error| error.to_string())?;
        if entries.is_empty() {
            return Ok(());
        }
        entries.iter().try_for_each(&mut what)?;
    }
}

fn shown(entry: &Entry) -> Json {
    let Ok(record) = Record::check(&entry.record) else {
        return json!({ "number": entry.number, "damaged": true });
    };
    let origin = entry.origin.as_deref().and_then(Origin::of_record);
    let message = Message::new(record, origin.as_ref().map(Origin::record));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let pairs: Map<String, Json> =
        message.pairs().map(|pair| (text(pair.name.as_bytes()), text(pair.value).into())).collect();
    json!({ "number": entry.number, "values": pairs })
}

fn say(out: &mut impl Write, line: &str) -> Result<(), String> {
    writeln!(out, "{line}").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::record::{self, Head};
    use message::{Builtin, Name, ValueType};

    fn said(words: &[&str]) -> Result<String, String> {
        let mut out = Vec::new();
        let arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        obey(&arguments, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    fn fill(queue: &Path, texts: &[&str]) {
        let disk = Arc::new(Directory::make(queue).unwrap());
        let (mut buffer, _) = DiskBuffer::open(disk, OPTIONS).unwrap();
        for text in texts {
            let mut bytes = Vec::new();
            let name = Name::Builtin(Builtin::Message);
            let entry = record::Entry { name, value: text.as_bytes(), kind: ValueType::String };
            record::encode(&mut bytes, &Head::default(), &[entry]);
            let origin = Origin::new(&[(Builtin::Source, b"s_net")]);
            buffer.append(origin.record().as_bytes(), &[&bytes]).unwrap();
        }
        buffer.close().unwrap();
    }

    #[test]
    fn buffers_are_listed_dumped_verified_and_moved() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one.queue"), dir.path().join("two.queue"));
        let (one_name, two_name) = (one.to_str().unwrap(), two.to_str().unwrap());
        fill(&one, &["a", "b"]);
        fill(&two, &["c"]);
        assert!(said(&["list", dir.path().to_str().unwrap()]).unwrap().contains("one.queue: 2 messages"));
        let dumped = said(&["dump", one_name]).unwrap();
        assert!(dumped.contains(r#"{"number":0,"values":{"MESSAGE":"a","SOURCE":"s_net"}}"#), "{dumped}");
        assert!(said(&["verify", one_name]).unwrap().contains("2 messages are whole, nothing is wrong"));
        said(&["requeue", one_name, two_name]).unwrap();
        assert_eq!(said(&["dump", one_name]).unwrap(), "");
        assert_eq!(said(&["dump", two_name]).unwrap().lines().count(), 3);
        let _held = open(&two).unwrap();
        assert!(said(&["dump", two_name]).unwrap_err().contains("in use"));
        assert!(said(&["list", dir.path().to_str().unwrap()]).unwrap().contains("two.queue is in use"));
    }

    #[test]
    fn damage_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let queue = dir.path().join("d.queue");
        fill(&queue, &["first", "second", "third"]);
        let log = queue
            .read_dir()
            .unwrap()
            .flatten()
            .find(|file| file.path().extension().is_some_and(|e| e == "log"));
        let path = log.unwrap().path();
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(6).position(|window| window == b"second").unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let told = said(&["verify", queue.to_str().unwrap()]).unwrap_err();
        assert!(told.contains("2 messages are whole, 1 are missing"), "{told}");
    }

    #[test]
    fn mistakes_are_named() {
        assert!(said(&["dump"]).unwrap_err().contains("which queue"));
        assert!(said(&["dump", "/no/such"]).unwrap_err().contains("cannot open /no/such"));
        assert!(said(&["frobnicate"]).unwrap_err().contains("frobnicate"));
    }
}
