use super::*;

/// The lexemes of `text`, each as its text and a letter for its kind.
fn lexemes(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if is_blank(text.as_bytes()[at]) {
            at += 1;
            continue;
        }
        let (lexeme, end) = lexeme(text, at);
        let kind = match lexeme {
            Lexeme::Word => "word".to_owned(),
            Lexeme::Number(Number::Integer(value)) => format!("int {value}"),
            Lexeme::Number(Number::Float(value)) => format!("float {value}"),
            Lexeme::TooBig => "too big".to_owned(),
            Lexeme::Operator(_) => "op".to_owned(),
            Lexeme::Punctuation(_) => "sign".to_owned(),
            Lexeme::Quote(_) => "quote".to_owned(),
            Lexeme::Nothing => "nothing".to_owned(),
        };
        out.push(format!("{}:{kind}", &text[at..end]));
        at = end;
    }
    out
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(lexemes(text), expected, "{text}");
}

#[test]
fn words() {
    check("/abs/path.log", &["/abs/path.log:word"]);
    check("*.log", &["*.log:word"]);
    check("$HOST.log -x a/b %foo", &["$HOST.log:word", "-x:word", "a/b:word", "%foo:word"]);
    check("127.0.0.1", &["127.0.0.1:word"]);
    check("1.2.3 10s 5.x", &["1.2.3:word", "10s:word", "5.x:word"]);
    check("grüße", &["grüße:word"]);
}

#[test]
fn words_that_need_quotes() {
    check("./a", &[".:op", "/a:word"]);
    check("../a", &["..:op", "/a:word"]);
    check("user@host", &["user:word", "@:op", "host:word"]);
    check("10:30", &["10:int 10", "::op", "30:int 30"]);
    check("::1", &["::op", "::op", "1:int 1"]);
    check("a.", &["a:word", ".:op"]);
    check("kern..mail", &["kern:word", "..:op", "mail:word"]);
}

#[test]
fn numbers() {
    check("10 -5 +7 0", &["10:int 10", "-5:int -5", "+7:int 7", "0:int 0"]);
    check("0x1F 0x100", &["0x1F:int 31", "0x100:int 256"]);
    check("017 0600 08 0514", &["017:int 15", "0600:int 384", "08:int 8", "0514:int 332"]);
    check(
        "4k 4kB 4KiB 10M 1g",
        &["4k:int 4000", "4kB:int 4000", "4KiB:int 4096", "10M:int 10000000", "1g:int 1000000000"],
    );
    check("1.5 -0.25", &["1.5:float 1.5", "-0.25:float -0.25"]);
    check("12x 10b 4kk 0x", &["12x:word", "10b:word", "4kk:word", "0x:word"]);
    check(
        "9223372036854775807 9223372036854775808",
        &["9223372036854775807:int 9223372036854775807", "9223372036854775808:too big"],
    );
    check("9223372036854775807k", &["9223372036854775807k:too big"]);
}

#[test]
fn operators() {
    check(
        "=> = < <= == != >= > === !==",
        &["=>:op", "=:op", "<:op", "<=:op", "==:op", "!=:op", ">=:op", ">:op", "===:op", "!==:op"],
    );
    check(".. ... . : | @", &["..:op", "...:op", ".:op", "::op", "|:op", "@:op"]);
    check("a==b ! =>>", &["a==b:word", "!:word", "=>>:word"]);
    check(
        "f(x){[]};",
        &["f:word", "(:sign", "x:word", "):sign", "{:sign", "[:sign", "]:sign", "}:sign", ";:sign"],
    );
    check("a\\b", &["a:word", "\\:nothing", "b:word"]);
}

#[test]
fn escapes() {
    let check = |text: &str, expected: &str| assert_eq!(unescape(text).as_deref(), Ok(expected), "{text}");
    check(r"a\nb\tc\\", "a\nb\tc\\");
    check(r"\d\.\\.\$", r"d.\.$");
    check(r"\x41\x4aZ\x7", "AJZ\u{7}");
    check(r"\o101\o12x", "A\nx");
    check("one \\\ntwo \\\r\nthree", "one two three");
    check(r"\xc3\xa9", "é");
    check(r"\xzz \o9", "xzz o9");
    check(r"end\", "end");
    assert_eq!(unescape(r"\xff!"), Err("\u{fffd}!".to_owned()));
}

#[test]
fn a_quoted_text_reads_back() {
    for text in ["", "plain", "a\"b\\c", "x\ny", "\\n"] {
        assert_eq!(unescape(&escape(text)).as_deref(), Ok(text));
    }
}
