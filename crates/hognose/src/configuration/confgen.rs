//! `@module confgen context(…) name(…) exec("…")`: a program that writes a part of the configuration.
//!
//! The program is run by the shell each time the configuration is read, with every argument in an environment
//! variable `confgen_NAME`, and what it prints takes the place of its name.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use conf::ast::{Argument, Module, same_keyword};
use conf::generator::{GenerateError, Generators, Question};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How long a program may take.
const PROGRAM_TIME_MAX: Duration = Duration::from_secs(60);
/// Bytes that a program may print.
const OUTPUT_BYTES_MAX: u64 = 4 << 20;
/// Bytes of what it says about its failure that are shown.
const ERROR_BYTES_MAX: u64 = 16 << 10;
/// How often the end of a program is looked for.
const POLL: Duration = Duration::from_millis(5);

/// The programs of a configuration, before all `others`.
pub(super) struct Programs<'o>(pub(super) &'o mut dyn Generators);

impl Generators for Programs<'_> {
    fn has(&mut self, question: &Question<'_>) -> bool {
        program(question).is_some() || self.0.has(question)
    }

    fn generate(
        &mut self,
        question: &Question<'_>,
        arguments: &[(String, String)],
    ) -> Result<String, GenerateError> {
        match program(question) {
            None => self.0.generate(question, arguments),
            Some(command) => run(command, arguments).map_err(|Failure { reason, said }| GenerateError {
                message: format!("confgen program `{}` failed: {reason}", question.name),
                details: (!said.is_empty()).then_some(said),
            }),
        }
    }
}

/// What `exec()` says for the name in question.
fn program<'q>(question: &Question<'q>) -> Option<&'q str> {
    let of = |module: &'q Module, parameter: &str| {
        let (_, arguments) = module.parameters.iter().find(|(name, _)| same_keyword(name, parameter))?;
        let [Argument::Value(value)] = arguments.as_slice() else { return None };
        Some(value.text())
    };
    let modules = question.config.modules.iter().rev().filter(|module| module.name == "confgen");
    modules
        .filter(|module| of(module, "context").is_some_and(|context| same_keyword(context, question.context)))
        .find(|module| of(module, "name").is_some_and(|name| same_keyword(name, question.name)))
        .and_then(|module| of(module, "exec"))
}

struct Failure {
    reason: String,
    /// What the program itself said.
    said: String,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure { reason: super::system_words(&error), said: String::new() }
    }
}

fn run(command: &str, arguments: &[(String, String)]) -> Result<String, Failure> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .envs(arguments.iter().map(|(name, value)| (format!("confgen_{name}"), value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let printed = collect(child.stdout.take(), OUTPUT_BYTES_MAX);
    let said = collect(child.stderr.take(), ERROR_BYTES_MAX);
    let ended = wait(&mut child)?;
    let said = String::from_utf8_lossy(&said.join().unwrap_or_default()).trim_end().to_owned();
    let printed = printed.join().unwrap_or_default();
    let fail = |reason: String| Err(Failure { reason, said: said.clone() });
    match ended {
        None => fail(format!("it takes longer than {} seconds", PROGRAM_TIME_MAX.as_secs())),
        Some(status) if !status.success() => fail(status.to_string()),
        Some(_) if printed.len() as u64 > OUTPUT_BYTES_MAX => {
            fail(format!("it prints more than {} MiB", OUTPUT_BYTES_MAX >> 20))
        }
        Some(_) => String::from_utf8(printed).or_else(|_| fail("what it prints is not UTF-8".to_owned())),
    }
}

/// Reads a pipe to its end on a thread of its own; keeps one byte more than `limit`, and drops the rest.
fn collect(pipe: Option<impl Read + Send + 'static>, limit: u64) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks has ended.
            let _ = pipe.by_ref().take(limit + 1).read_to_end(&mut kept);
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        kept
    })
}

/// Waits for the end, `None` when that takes too long; and ends what the program left behind, since it holds the pipes
/// open.
fn wait(child: &mut Child) -> io::Result<Option<ExitStatus>> {
    let deadline = Instant::now() + PROGRAM_TIME_MAX;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    // Left unreaped until its group is ended: until then nobody else can have its number.
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let in_time = loop {
        if waitid(WaitId::Pid(pid), look)?.is_some() {
            break true;
        }
        if Instant::now() >= deadline {
            break false;
        }
        thread::sleep(POLL);
    };
    kill_process_group(pid, Signal::KILL)?;
    let status = child.wait()?;
    Ok(in_time.then_some(status))
}

#[cfg(test)]
mod tests {
    use conf::{Environment, Style, load_text_with};

    use super::*;

    struct Nobody;

    impl Generators for Nobody {
        fn has(&mut self, _question: &Question<'_>) -> bool {
            false
        }

        fn generate(&mut self, _: &Question<'_>, _: &[(String, String)]) -> Result<String, GenerateError> {
            Ok(String::new())
        }
    }

    /// The configuration as it is read, or what is wrong with it.
    fn load(module: &str, used: &str) -> Result<String, String> {
        let text = format!("@version: 4.2\n@module confgen {module}\n{used}\n");
        let loaded = load_text_with("t.conf", text, &Environment::default(), &mut Programs(&mut Nobody));
        let said = loaded.diagnostics.render(&loaded.sources, Style::Plain);
        if loaded.diagnostics.has_errors() { Err(said) } else { Ok(loaded.preprocessed().to_owned()) }
    }

    #[test]
    fn what_it_prints_takes_the_place_of_its_name() {
        let module =
            r#"context(source) name(from-program) exec("echo \"file($confgen_path max($confgen_a_b));\"")"#;
        let text = load(module, "source s { from_program(path(\"/x\") a-b(5)); };").unwrap();
        assert!(text.contains("source s { file(\"/x\" max(5));"), "{text}");
        // Elsewhere it is nobody's name.
        assert!(load(module, "destination d { from-program(path(1)); };").unwrap().contains("from-program("));
    }

    #[track_caller]
    fn fails(command: &str, words: &[&str]) {
        let module = format!("context(root) name(made) exec('{command}')");
        let said = load(&module, "made();").unwrap_err();
        for word in words {
            assert!(said.contains(word), "{word} is not in\n{said}");
        }
    }

    #[test]
    fn a_program_that_fails_is_a_mistake_of_the_configuration() {
        fails("echo no good >&2; exit 3", &["`made` failed: exit status: 3", "no good", "t.conf:3:1"]);
        fails("kill -9 $$", &["signal: 9"]);
        fails("printf \"\\377\"", &["is not UTF-8"]);
        fails("head -c 5000000 /dev/zero", &["prints more than 4 MiB"]);
        // What it leaves behind does not keep the daemon.
        assert!(load("context(root) name(made) exec('sleep 1000 & echo')", "made();").is_ok());
    }
}
