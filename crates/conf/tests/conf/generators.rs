//! Config generators: names that somebody else has a text for.

use conf::ast::{Argument, Item};
use conf::generator::{GenerateError, Generators, Question};
use conf::{Environment, Loaded, Style, load_text, load_text_with};

type Function = fn(&[(String, String)]) -> Result<String, GenerateError>;

/// Generators that are closures, and what they were asked.
struct Played {
    names: Vec<(&'static str, &'static str, Function)>,
    asked: Vec<String>,
}

impl Generators for Played {
    fn has(&mut self, question: &Question<'_>) -> bool {
        self.asked.push(format!("{}/{}", question.context, question.name));
        let blocks = !question.config.python.is_empty();
        blocks
            && self
                .names
                .iter()
                .any(|(context, name, _)| (*context, *name) == (question.context, question.name))
    }

    fn generate(
        &mut self,
        question: &Question<'_>,
        arguments: &[(String, String)],
    ) -> Result<String, GenerateError> {
        let found = self
            .names
            .iter()
            .find(|(context, name, _)| (*context, *name) == (question.context, question.name));
        found.expect("what is not there is not asked for").2(arguments)
    }
}

fn load(text: &str) -> (Loaded, Vec<String>) {
    let echo = |arguments: &[(String, String)]| Ok(format!("file({});", arguments[0].1));
    let mut played = Played {
        names: vec![
            ("destination", "my_dest", echo),
            ("source", "in_option", |_| Ok("tags(\"x\") ".to_owned())),
            ("inner-dest", "in_driver", |_| Ok("perm(0644) `env`".to_owned())),
            ("source", "endless", |_| Ok("endless();".to_owned())),
            ("root", "whole", |_| Ok("log { source(`who`); };".to_owned())),
            ("source", "raises", |_| {
                Err(GenerateError {
                    message: "raises() raised".to_owned(),
                    details: Some("a traceback".to_owned()),
                })
            }),
            ("source", "broken", |_| Ok("internal();\nfile(\"x\" oops".to_owned())),
        ],
        asked: Vec::new(),
    };
    let environment =
        Environment::default().with_variables(|name| (name == "env").then(|| "owner(me)".to_owned()));
    let loaded = load_text_with("t.conf", text, &environment, &mut played);
    (loaded, played.asked)
}

#[track_caller]
fn check(text: &str, same_as: &str) {
    let (loaded, _) = load(&format!("python {{ pass }};\n{text}"));
    assert!(!loaded.diagnostics.has_errors(), "{}", loaded.diagnostics.render(&loaded.sources, Style::Plain));
    let expected = load_text("e.conf", format!("python {{ pass }};\n{same_as}"), &Environment::default());
    let again = load_text("p.conf", loaded.preprocessed(), &Environment::default());
    for (what, other) in [("preprocessed", &again), ("expected", &expected)] {
        assert_eq!(shape(&loaded), shape(other), "{what}: {}", loaded.preprocessed());
    }
}

/// The names of drivers with those of their options.
fn shape(loaded: &Loaded) -> Vec<String> {
    let bodies = loaded.config.sources.iter().chain(&loaded.config.destinations).map(|named| &named.body);
    let drivers =
        bodies.flatten().filter_map(|item| if let Item::Driver(call) = item { Some(call) } else { None });
    let shown = drivers.map(|call| {
        let options = call.arguments.iter().map(|argument| match argument {
            Argument::Call(call) => call.name.text.clone(),
            Argument::Value(value) => value.text().to_owned(),
            other => format!("{other:?}"),
        });
        format!("{}({})", call.name.text, options.collect::<Vec<_>>().join(" "))
    });
    shown.chain(loaded.config.log_paths.iter().map(|path| format!("log {}", path.items.len()))).collect()
}

#[test]
fn the_text_takes_the_place_of_the_name() {
    check("destination d { my-dest(path(\"/x\")); };", "destination d { file(\"/x\"); };");
    check(
        "destination d { my_dest(path(\"/x\" perm(0600))); };",
        "destination d { file(\"/x\" perm(0600)); };",
    );
    check(
        "destination d { file(\"/x\" in-driver()); };",
        "destination d { file(\"/x\" perm(0644) owner(me)); };",
    );
    check("whole(who(s_x))\n;", "log { source(s_x); };");
}

#[test]
fn blocks_use_generators() {
    check(
        "block destination outer(path()) { my-dest(path(`path`)); };\ndestination d { outer(path(\"/y\")); };",
        "destination d { file(\"/y\"); };",
    );
}

#[test]
fn only_in_its_own_context_and_behind_the_block_that_registers_it() {
    let (loaded, _) =
        load("destination d { my-dest(path(1)); };\npython { pass };\nsource s { my-dest(path(1)); };");
    assert_eq!(shape(&loaded), ["my-dest(path)", "my-dest(path)"]);
}

#[test]
fn the_grammars_own_words_are_not_asked_for() {
    let (_, asked) = load("log { source(a); if (program(\"x\")) { filter(f); }; destination(d); };");
    assert_eq!(asked, ["filter/program"]);
}

#[track_caller]
fn check_error(text: &str, expected: &[&str]) {
    let (loaded, _) = load(&format!("python {{ pass }};\n{text}"));
    let said = loaded.diagnostics.render(&loaded.sources, Style::Plain);
    for words in expected {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
}

#[test]
fn what_goes_wrong_is_said_where_it_stands() {
    check_error("source s { raises(a(1)); };", &["raises() raised", "a traceback", "t.conf:2:12"]);
    check_error(
        "source s { broken(); };",
        &["this `(` is never closed", "generated by broken()", "t.conf:2:12"],
    );
    check_error("source s { endless(); };", &["nest deeper than 256"]);
    check_error("source s { raises(1); };", &["an argument of a block is written `name(value)`"]);
}
