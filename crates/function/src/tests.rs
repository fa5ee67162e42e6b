use message::template::{RenderScope, TemplateOptions, ZoneUse};
use message::{Draft, Head, Name, Origin, Record};

use super::*;

/// A message with f1=v1, f2=v2, f3=3 (a number), a tag and what syslog gives it.
fn sample() -> Vec<u8> {
    let mut draft = Draft::new(Head { pri: 13, stamp: 1_000_000, received: 2_000_000, ..Head::default() });
    let mut set = |name: &str, value: &str, kind| {
        draft.set(Name::new(name.as_bytes()), value.as_bytes().to_vec(), kind)
    };
    set("f1", "v1", ValueType::String);
    set("f2", "v2", ValueType::String);
    set("f3", "3", ValueType::Integer);
    set("js", "{\"a\":1}", ValueType::Json);
    set("bad", "x", ValueType::Integer);
    set("PROGRAM", "prg", ValueType::String);
    set("PID", "7", ValueType::String);
    set("MESSAGE", "hello", ValueType::String);
    set("HOST", "vm", ValueType::String);
    set("1", "match", ValueType::String);
    draft.set_tag("set");
    let mut bytes = Vec::new();
    draft.encode(&mut bytes);
    bytes
}

fn render(template: &str) -> Result<(String, ValueType), String> {
    let template = Template::parse(template, FUNCTIONS).map_err(|error| error.message)?;
    let bytes = sample();
    let origin = Origin::new(&[(message::Builtin::SourceIp, b"127.0.0.1"), (message::Builtin::Source, b"s")]);
    let message = Message::new(Record::trusted(&bytes), Some(origin.record()));
    let options = TemplateOptions::default();
    let mut scope = RenderScope::new(&options, ZoneUse::Send);
    let mut out = Vec::new();
    let kind = template.render_typed(message, &mut scope, &mut out);
    Ok((String::from_utf8_lossy(&out).into_owned(), kind))
}

#[track_caller]
fn check(template: &str, expected: &str) {
    assert_eq!(render(template).map(|(text, _)| text).as_deref(), Ok(expected), "{template}");
}

#[track_caller]
fn refused(template: &str, expected: &str) {
    let error = render(template).unwrap_err();
    assert!(error.contains(expected), "{template}: {error}");
}

#[test]
fn text() {
    check("$(echo \"a  b\" 'c d')", "a  b c d");
    check("$(length foo bar)", "3 3");
    check("$(length $nope)", "0");
    check("$(substr hello 1 3)", "ell");
    check("$(substr hello -3)", "llo");
    check("$(substr hello -3 2)", "ll");
    check("$(substr hello 1 -1)", "ell");
    check("$(substr hello 9)", "");
    check("$(substr hello 0 99)", "hello");
    check("$(substr hello 0 9223372036854775807)", "hello");
    check("$(substr hello -9223372036854775808 -9223372036854775808)", "");
    check("$(strip \" a\" \"b \")", "a b");
    check("$(lowercase ÄbC)$(uppercase äbC)", "äbcÄBC");
    check("$(replace-delimiter \"\\t,\" \"|\" \"a,b\")", "a|b");
    check("$(padding foo 6)", "   foo");
    check("$(padding foo 6 ab)", "abafoo");
    check("$(padding foo 2)", "foo");
    check("$(padding -1 5 0)", "000-1");
    check("$(binary 65 0x42 0103)", "ABC");
    check("$(indent-multi-line 'a\nb')", "a\n\tb");
    check("$(base64-encode a b)", "YWI=");
    check("$(base64-encode abc)$(base64-encode a)", "YWJjYQ==");
    refused("$(substr a)", "takes 2 to 3 arguments");
    refused("$(padding a 99999999999)", "wide");
    refused("$(binary 300)", "is no byte");
    refused("$(nosuch a)", "Unknown template function");
}

#[test]
fn sanitize() {
    check("$(sanitize a/b)", "a_b");
    check("$(sanitize -i @ -r X a@b c)", "aXb/c");
    check("$(sanitize \"a b\tc\")", "a b_c");
    check("$(sanitize -C \"a b\tc\")", "a b\tc");
    refused("$(sanitize --what a)", "no option");
}

#[test]
fn urls_and_paths() {
    check("$(url-encode \"a b/ü\")", "a%20b%2F%C3%BC");
    check("$(url-encode a+b~_-.*)", "a%2Bb~_-.%2A");
    check("$(url-decode a%20b%2f)", "a b/");
    check("$(url-decode %zz)", "");
    check("$(dirname /a/b/c)|$(dirname foo)|$(dirname /a)", "/a/b|.|/");
    check("$(basename foo/)|$(basename /a/b)|$(basename /)", "foo|b|/");
    check("$(ipv4-to-int 127.0.0.1)", "2130706433");
    check("$(env NO_SUCH_VARIABLE)", "");
    assert!(!render("$(env PATH)").unwrap().0.is_empty());
}

#[test]
fn digests() {
    check("$(hash --length 8 foo)", "2c26b46b");
    check("$(sha1 --length 6 foo)", "0beec7");
    check("$(md5 a b)", "187ef4436122d1cc2f40dc2b92f0eba0");
    check("$(sha256 f oo)", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae");
    refused("$(md4 foo)", "Unknown template function");
    refused("$(md5)", "something to digest");
}

#[test]
fn a_uuid_is_one_of_its_kind() {
    let (a, b) = (render("$(uuid)").unwrap().0, render("$(uuid)").unwrap().0);
    assert!(a.len() == 36 && a != b && a.as_bytes()[14] == b'4', "{a} {b}");
}

#[test]
fn numbers() {
    for (call, expected) in [
        ("$(+ 1 2)", "3"),
        ("$(/ 7 2)", "3"),
        ("$(% -7 2)", "-1"),
        ("$(/ 7.0 2)", "3.5"),
        ("$(+ 0x10 1)", "17"),
        ("$(+ 1 2 3)", "NaN"),
        ("$(+ 1)", "NaN"),
        ("$(/ 1 0)", "NaN"),
        ("$(/ 1.0 0)", "NaN"),
        ("$(+ foo 1)", "NaN"),
        ("$(+ 9223372036854775807 1)", "-9223372036854775808"),
        ("$(% -9223372036854775808 -1)", "NaN"),
        ("$(* 3 $f3)", "9"),
        ("$(- 1 3)", "-2"),
        ("$(round 2.5)", "3"),
        ("$(round 1.2345 2)", "1.23"),
        ("$(round -1.5)", "-2"),
        ("$(ceil foo)", "NaN"),
        ("$(ceil 1.2)", "2"),
        ("$(floor -1.2)", "-2"),
        ("$(max $f3)", "3"),
        ("$(sum $f1)", ""),
    ] {
        check(call, expected);
    }
    assert_eq!(render("$(+ 1 2)").unwrap().1, ValueType::Integer);
    assert_eq!(render("$(/ 7.0 2)").unwrap().1, ValueType::Double);
}

#[test]
fn decisions() {
    check("$(or \"\" $nope x y)", "x");
    check("$(tag set yes no) $(tag nope) $(tag set)", "yes 0 1");
    check("$(tags-head a set b)", "set");
}

#[test]
fn lists() {
    check("$(implode : a,b)", "a:b");
    check("$(explode : a:b 'c:d')", "a,b,c,d");
    check("$(explode \" \" \"a  b\")", "a,\"\",b");
    check("$(list-concat a b \"c,d\")", "a,b,c,d");
    check("$(list-concat \"x y\" '\"q,r\"')", "\"x y\",\"q,r\"");
    check("$(list-append a,b \"c,d\")", "a,b,\"c,d\"");
    check("$(list-nth -1 a,b,c)", "c");
    check("$(list-slice 1:2 a,b,c)|$(list-slice -1: a,b,c)|$(list-slice :1 a,b,c)", "b|c|a");
    check("$(list-count a,b,c)|$(list-head a,b)|$(list-tail a,b,c)", "3|a|b,c");
    check("$(list-search b a,b,c)", "1");
    check("$(list-search --mode prefix b a,bx)", "1");
    check("$(list-search --mode glob b* a,bx)", "1");
    check("$(list-search --mode pcre '^b' a,bx)", "1");
    check("$(list-search z a,b)", "");
    check("$(list-search --start-index 1 a a,b,a)", "2");
    check("$(map $(+ 1 $_) 1,2,3)", "2,3,4");
    check("$(list-slice 5:1 a,b)", "");
}

#[test]
fn iteration_goes_on_from_message_to_message() {
    let template = Template::parse("$(iterate $(+ 1 $_) 5)", FUNCTIONS).unwrap();
    let options = TemplateOptions::default();
    let bytes = sample();
    let mut scope = RenderScope::new(&options, ZoneUse::Send);
    let mut out = Vec::new();
    (0..3).for_each(|_| template.render(Message::new(Record::trusted(&bytes), None), &mut scope, &mut out));
    assert_eq!(out, b"567");
}

#[test]
fn json() {
    check(
        "$(format-json --key f* n=int(5) d.e=1 d.f.g=x .x=y)",
        r#"{"n":5,"f3":3,"f2":"v2","f1":"v1","d":{"f":{"g":"x"},"e":"1"},"_x":"y"}"#,
    );
    check("$(format-json f3=$f3)", r#"{"f3":3}"#);
    check("$(format-json x=$f3$f3)", r#"{"x":"33"}"#);
    check("$(format-json --cast f3=$f3)", r#"{"f3":"3"}"#);
    check("$(format-json a=$unset)", r#"{"a":null}"#);
    check("$(format-json e=\"\")", r#"{"e":""}"#);
    check("$(format-json --omit-empty-values e=\"\" f=1)", r#"{"f":"1"}"#);
    check(
        "$(format-json b=boolean(true) l=list(a,b) j=json($js))",
        r#"{"l":["a","b"],"j":{"a":1},"b":true}"#,
    );
    check("$(format-json --exclude f1 --key f*)", r#"{"f3":3,"f2":"v2","f1":"v1"}"#);
    check("$(format-json --key f* --exclude f1)", r#"{"f3":3,"f2":"v2"}"#);
    check("$(format-json --key f1 --rekey f* --shift 1 --add-prefix x)", r#"{"x1":"v1"}"#);
    check("$(format-json --leave-initial-dot .a.b=c)", r#"{".a":{"b":"c"}}"#);
    check("$(format-flat-json a.b=1 .c=2)", r#"{"a.b":"1","_c":"2"}"#);
    check("$(format-json x=$bad)", "");
    check("$(format-json \"x=a\tb\u{1}\")", "{\"x\":\"a\\tb\\u0001\"}");
    check(
        "$(format-json --scope rfc3164 --exclude DATE)",
        r#"{"PROGRAM":"prg","PRIORITY":"notice","PID":"7","MESSAGE":"hello","HOST":"vm","FACILITY":"user"}"#,
    );
    check(
        "$(format-json --scope nv-pairs --exclude f* --exclude js --exclude bad)",
        r#"{"SOURCE":"s","PROGRAM":"prg","PID":"7","MESSAGE":"hello","HOST":"vm"}"#,
    );
    check(
        "$(format-json --scope selected-macros --exclude DATE --exclude P* --exclude FACILITY)",
        r#"{"TAGS":["set"],"SOURCEIP":"127.0.0.1","MESSAGE":"hello","HOST":"vm"}"#,
    );
    assert_eq!(render("$(format-json a=b)").unwrap().1, ValueType::Json);
    refused("$(format-json --scope nonsense)", "there is no scope");
    refused("$(format-json --nonsense)", "no option");
}

#[test]
fn pairs_on_a_line() {
    check(
        "$(format-welf --key f* --pair sp=\"a b\" --pair eq=\"a=b\")",
        "eq=a=b f1=v1 f2=v2 f3=3 sp=\"a b\"",
    );
    check("$(format-welf a=1 id=fw)", "id=fw a=1");
    check("$(format-cef-extension --pair a=\"x=y|z\")", "a=x\\=y|z");
    check("$(graphite-output --key f3)", "f3 3 2\n");
    check("$(names f*)|$(values f*)|$(names)", "f1,f2,f3|v1,v2,3|");
}

#[test]
fn dates() {
    check("$(format-date --time-zone UTC %Y-%m-%dT%H:%M:%S)", "1970-01-01T00:00:01");
    check("$(format-date --time-zone Asia/Tokyo '%d %b %H:%M %z')", "01 Jan 09:00 +0900");
    refused("$(format-date --time-stamp x %H)", "no option");
    refused("$(format-date --time-zone Nowhere %H)", "Nowhere");
    refused("$(format-date %H %M)", "one format");
    refused("$(format-date %!)", "is no format");
    check("$(stardate 1428393600)", "2015.26");
    check("$(stardate --digits 4 1451606399)", "2015.9999");
    check("$(stardate nonsense)", "");
    refused("$(stardate --digits 99 0)", "a number up to 9");
}

#[test]
fn tables_of_the_machine() {
    check("$(getent passwd root uid)|$(getent passwd 0)|$(getent group root)", "0|root|0");
    refused("$(getent nosuch x)", "knows no table `nosuch`");
    refused("$(getent passwd root nosuch)", "has no field `nosuch`");
}

#[test]
fn over_a_correlation_context() {
    let bytes = |n: &str| {
        let mut draft = Draft::new(Head::default());
        draft.set(Name::new(b"n"), n.as_bytes().to_vec(), ValueType::String);
        let mut bytes = Vec::new();
        draft.encode(&mut bytes);
        bytes
    };
    let all = ["1", "4", "x", "a,b"].map(bytes);
    let messages: Vec<Message<'_>> =
        all.iter().map(|bytes| Message::new(Record::trusted(bytes), None)).collect();
    let options = TemplateOptions::default();
    let render = |text: &str| {
        let mut scope = RenderScope::new(&options, ZoneUse::Send);
        scope.context = &messages;
        let mut out = Vec::new();
        let template = Template::parse(text, FUNCTIONS).unwrap();
        template.render(messages[3], &mut scope, &mut out);
        String::from_utf8(out).unwrap()
    };
    assert_eq!(render("$(sum $n) $(min $n) $(max $n) $(average $n)"), "5 1 4 2.5");
    assert_eq!(render("$(context-length)"), "4");
    assert_eq!(render("$(context-values $n)"), "1,4,x,\"a,b\"");
    check("$(context-length) $(context-values $f1) $(sum 1.5)", "1 v1 1.5");
    check("$(average 4)", "4");
}
