//! `python { … }` as a part of a configuration.

use conf::{Environment, load_text};

/// The code blocks of `text`, which must be without mistakes, each with its line.
fn blocks(text: &str) -> Vec<(String, u32)> {
    let loaded = load_text("t.conf", text, &Environment::default());
    assert!(
        !loaded.diagnostics.has_errors(),
        "{text}\n{}",
        loaded.diagnostics.render(&loaded.sources, conf::Style::Plain)
    );
    loaded.config.python.into_iter().map(|block| (block.text, block.line)).collect()
}

#[track_caller]
fn check(code: &str) {
    let text = format!("log {{ }};\npython {{{code}}};\nsource s {{ a(); }};\n");
    assert_eq!(blocks(&text), [(code.to_owned(), 2)]);
}

#[test]
fn the_code_is_kept_as_it_is() {
    check("");
    check(" x = 1 ");
    check("\nimport os\n\nclass A:\n    x = {'a': {}}\n");
    check("\n    indented = 1\n    too = 2\n");
    check("\r\nx = 1\r\n");
    check("\nx = 'it\\'s'\n# don't\ny = \"`HOME`\"\n");
    check("\ndef f():\n    '''It's a docstring with } and { and \"quotes\" '''\n");
    check("\nx = f'{y[\"}\"]}'\n");
    check("\n@decorator\ndef f(): pass\n@version: 3\n");
    check("\nx = [1, 2,\\\n 3]\nprint('a\\\nb')\n");
    check(" # `odd\n");
    check(" x = \"`\" ");
}

#[test]
fn several_and_anywhere() {
    let text = "python { a };\nlog { source(s); };\npython {\nb\n};python{c};\n";
    assert_eq!(blocks(text), [(" a ".to_owned(), 1), ("\nb\n".to_owned(), 3), ("c".to_owned(), 5)]);
    assert_eq!(blocks("python\n\n{\nx\n};"), [("\nx\n".to_owned(), 3)]);
    assert_eq!(blocks("python # why }\n { x };"), [(" x ".to_owned(), 2)]);
}

#[test]
fn the_line_is_the_files_own() {
    let text = "@line \"generated.conf\" 50\npython { x };\n";
    let loaded = load_text("t.conf", text, &Environment::default());
    let block = &loaded.config.python[0];
    assert_eq!((block.file.as_str(), block.line), ("generated.conf", 50));
}

#[test]
fn code_that_never_ends() {
    for text in ["python {", "python { x = 1", "python { {} ;", "python { '''", "python { \"\"\"\n}\n"] {
        let loaded = load_text("t.conf", text, &Environment::default());
        let messages: Vec<&str> = loaded
            .diagnostics
            .iter()
            .filter(|one| one.severity == conf::Severity::Error)
            .map(|one| one.message.as_str())
            .collect();
        assert_eq!(messages, ["this `python` block is never closed"], "{text}");
    }
}

#[test]
fn what_the_incumbent_accepts() {
    // Its rule knows no triple quotes: here the brace in them closes the block, as it does there.
    let text = "python { x = '''a' } ; log { };\n";
    let loaded = load_text("t.conf", text, &Environment::default());
    assert_eq!(loaded.config.python.len(), 1);
    assert_eq!(loaded.config.log_paths.len(), 1);
}
