//! `hognose persist`: what a persist file holds, for operators.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lexopt::prelude::*;
use serde_json::{Value as Json, json};
use store::{Key, Persist};

use crate::cli::{CliError, PERSIST_FILE};
use crate::exit_code::ExitCode;

/// `hognose persist --help`
const HELP: &str = "\
Shows and changes what a persist file holds. Refuses while a daemon has it.

Usage:
  hognose persist COMMAND [-R FILE] [ARGUMENT…]

  list                  the keys, one a line
  dump                  all entries as JSON, one a line: key, bytes, and the value as text or hex
  get KEY               the value, as it is
  put KEY VALUE         gives the key another value, or makes it
  delete KEY…           forgets keys
  verify                reads all of the file, and says whether it is whole

  -R, --persist-file=FILE  the file (/var/lib/syslog-ng/syslog-ng.persist)
  -h, --help               print this

The key of a thing in a namespace (a Python Persist) is written NAMESPACE##NAME.
Exit codes: 0 fine, 1 there is no such key, the file is damaged, or it is in use.
";

/// Does what `arguments` say.
pub(crate) fn run(arguments: &[OsString]) -> ExitCode {
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    let outcome = parse(arguments).map_err(|error| error.to_string()).and_then(|wish| wish.grant(&mut out));
    match outcome {
        Ok(()) => ExitCode::Fine,
        Err(what) => {
            let _ = writeln!(err, "{what}");
            ExitCode::Wrong
        }
    }
}

struct Wish {
    file: PathBuf,
    what: What,
}

#[derive(Debug, PartialEq)]
enum What {
    Help,
    List,
    Dump,
    Get(String),
    Put(String, OsString),
    Delete(Vec<String>),
    Verify,
}

fn parse(arguments: &[OsString]) -> Result<Wish, CliError> {
    let mut parser = lexopt::Parser::from_args(arguments);
    let (mut file, mut help, mut words) = (PathBuf::from(PERSIST_FILE), false, Vec::new());
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => help = true,
            Short('R') | Long("persist-file") => file = parser.value()?.into(),
            Value(word) => words.push(word),
            other => return Err(CliError::unknown(&other)),
        }
    }
    let what = if help || words.is_empty() { What::Help } else { what(&words[0], &words[1..])? };
    Ok(Wish { file, what })
}

fn what(command: &OsStr, arguments: &[OsString]) -> Result<What, CliError> {
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let missing = || CliError::Missing(text(&command.to_owned()));
    match (command.to_str(), arguments) {
        (Some("list"), []) => Ok(What::List),
        (Some("dump"), []) => Ok(What::Dump),
        (Some("verify"), []) => Ok(What::Verify),
        (Some("get"), [key]) => Ok(What::Get(text(key))),
        (Some("put"), [key, value]) => Ok(What::Put(text(key), value.clone())),
        (Some("delete"), [_, ..]) => Ok(What::Delete(arguments.iter().map(text).collect())),
        (Some("get" | "delete"), []) | (Some("put"), [] | [_]) => Err(missing()),
        (Some("list" | "dump" | "verify" | "get" | "put"), _) => Err(CliError::Excess),
        _ => Err(CliError::Unknown(text(&command.to_owned()))),
    }
}

impl Wish {
    fn grant(&self, out: &mut impl Write) -> Result<(), String> {
        // Whoever closed our output does not want to read on.
        let say = |out: &mut dyn Write, line: &[u8]| out.write_all(line).map_err(|error| error.to_string());
        if self.what == What::Help {
            return say(out, HELP.as_bytes());
        }
        let persist = open(&self.file)?;
        let entries = persist.all().map_err(|error| error.to_string())?;
        let find = |name: &str| {
            let found = entries.iter().find(|(key, _)| key.to_string() == name);
            found.ok_or_else(|| format!("there is no key `{name}` in {}", self.file.display()))
        };
        match &self.what {
            What::Help => Ok(()),
            What::List => entries.iter().try_for_each(|(key, _)| say(out, format!("{key}\n").as_bytes())),
            What::Dump => entries
                .iter()
                .try_for_each(|(key, value)| say(out, format!("{}\n", shown(key, value)).as_bytes())),
            What::Get(name) => say(out, &find(name)?.1),
            What::Put(name, value) => {
                let key = find(name).map_or_else(|_| named(name), |(key, _)| key.clone());
                persist.put(&key, value.as_encoded_bytes()).map_err(|error| error.to_string())
            }
            What::Delete(names) => names
                .iter()
                .try_for_each(|name| persist.delete(&find(name)?.0).map_err(|error| error.to_string())),
            What::Verify => {
                let (file, entries, run) = (self.file.display(), entries.len(), persist.run_id() - 1);
                say(out, format!("{file}: {entries} entries, {run} runs, nothing is wrong\n").as_bytes())
            }
        }
    }
}

/// Opens what is there: a tool makes no new file.
fn open(file: &Path) -> Result<Persist, String> {
    std::fs::metadata(file)
        .map_err(|error| format!("cannot open the persist file {}: {error}", file.display()))?;
    Persist::open(file).map_err(|error| error.to_string())
}

fn named(name: &str) -> Key {
    match name.split_once("##") {
        Some((space, name)) => Key::within(space, name),
        None => Key::new(name),
    }
}

fn shown(key: &Key, value: &[u8]) -> Json {
    let mut entry = json!({ "key": key.to_string(), "bytes": value.len() });
    match std::str::from_utf8(value) {
        Ok(text) => entry["value"] = text.into(),
        Err(_) => entry["hex"] = value.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(file: &Path, line: &str) -> Result<String, String> {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let mut wish = parse(&arguments).map_err(|error| error.to_string())?;
        wish.file = file.to_owned();
        let mut out = Vec::new();
        wish.grant(&mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn entries_are_shown_and_changed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("persist");
        assert!(said(&file, "list").unwrap_err().contains("cannot open the persist file"));
        assert!(!file.exists());
        let persist = Persist::open(&file).unwrap();
        persist.put(&Key::new("a"), b"text").unwrap();
        persist.put(&Key::within("py", "b"), b"\xff\x00").unwrap();
        assert!(said(&file, "list").unwrap_err().contains("in use by another daemon"));
        drop(persist);
        assert_eq!(said(&file, "list").unwrap(), "a\npy##b\n");
        assert_eq!(
            said(&file, "dump").unwrap(),
            "{\"bytes\":4,\"key\":\"a\",\"value\":\"text\"}\n{\"bytes\":2,\"hex\":\"ff00\",\"key\":\"py##b\"}\n"
        );
        assert_eq!(said(&file, "get a").unwrap(), "text");
        said(&file, "put py##c new").unwrap();
        said(&file, "delete a py##b").unwrap();
        assert_eq!(said(&file, "list").unwrap(), "py##c\n");
        assert!(said(&file, "get a").unwrap_err().contains("there is no key `a`"));
        assert!(said(&file, "verify").unwrap().contains("1 entries"));
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("persist");
        let persist = Persist::open(&file).unwrap();
        persist.put(&Key::new("a"), &[b'x'; 3000]).unwrap();
        drop(persist);
        let mut bytes = std::fs::read(&file).unwrap();
        let at = bytes.windows(100).position(|window| window == [b'x'; 100]).unwrap();
        bytes[at] = b'y';
        std::fs::write(&file, bytes).unwrap();
        assert!(said(&file, "verify").unwrap_err().contains("is damaged"));
    }

    #[test]
    fn mistakes_are_named() {
        let file = Path::new("/no/such");
        assert!(said(file, "get").unwrap_err().contains("Missing argument for get"));
        assert!(said(file, "dump x").unwrap_err().contains("Excess"));
        assert!(said(file, "frobnicate").unwrap_err().contains("frobnicate"));
    }
}
