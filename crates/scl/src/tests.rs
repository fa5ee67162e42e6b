use conf::{Environment, Style, load_text_with};

use super::*;

/// The source `s` as it is once all is expanded, after `@include "scl.conf"`.
fn expand(text: &str) -> Result<String, String> {
    let environment = Environment::default().with_library(LIBRARY);
    let text = format!("@version: 4.2\n@include \"scl.conf\"\n{text}");
    let loaded = load_text_with("t.conf", text, &environment, &mut Conditions(None));
    if loaded.diagnostics.has_errors() {
        return Err(loaded.diagnostics.render(&loaded.sources, Style::Plain));
    }
    let text = loaded.preprocessed();
    let behind_library = text.rfind("source s {").map_or("", |at| &text[at..]);
    Ok(behind_library.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let said = expand(text).unwrap_or_else(|said| panic!("{said}"));
    assert!(said.contains(expected), "{expected} is not in\n{said}");
}

#[test]
fn nothing_is_wrong_with_the_library() {
    check("", "");
    for (name, text) in LIBRARY {
        assert!(text.starts_with("# "), "{name} does not say what it is for");
        assert!(*name == "scl.conf" || LIBRARY[0].1.contains(&format!("@include \"{name}\"")), "{name}");
    }
}

#[test]
fn a_condition_is_one_of_two_texts() {
    check("source s { if-given(value(\"x\") then(a();) otherwise(b();)); };", "source s { a();; };");
    for nothing in ["", "\"\"", "''", " \"\" "] {
        check(
            &format!("source s {{ if-given(value({nothing}) then(a();) otherwise(b();)); }};"),
            "{ b();; };",
        );
        check(
            &format!("source s {{ f(\"x\" if-given(value({nothing}) then(a(1)))); }};"),
            "source s { f(\"x\" ); };",
        );
    }
    let said = expand("source s { if-given(vaule(1)); };").unwrap_err();
    assert!(said.contains("has no parameter `vaule`"), "{said}");
}

#[test]
fn tls_opens_a_listener_only_where_it_is_given() {
    check("source s { default-network-drivers(tls(key-file(\"k\"))); };", "tls(key-file(\"k\"))");
    check("source s { default-network-drivers(); };", "source s {");
    let said = expand("source s { default-network-drivers(); };").unwrap();
    assert!(!said.contains("6514"), "{said}");
}

#[test]
fn what_is_given_is_put_where_it_belongs() {
    let dest = |text: &str| format!("source s {{ }};\ndestination d {{ {text} }};");
    let check = |text: &str, expected: &str| check(&dest(text), expected);
    check(
        "elasticsearch-http(url(\"https://es:9200/_bulk\") index(\"logs-${YEAR}\"));",
        r#"index._index=\"logs-${YEAR}\" index._type=\"\" index._id=\"\")\n$(format-json --scope rfc5424"#,
    );
    check("opensearch(url(u) index(i) tls(peer-verify(yes)));", "timeout(10) tls(peer-verify(yes))");
    check(
        "splunk-hec-event(url(\"https://s:8088\") token(T));",
        "url(\"https://s:8088/services/collector/event\")",
    );
    check("splunk-hec-raw(url(\"u\") token(T) channel(C));", "\"X-Splunk-Request-Channel: C\"");
    check(
        "slack(hook-url(\"https://hooks/x\") template(\"$MSG!\"));",
        r#"body("$(format-json text=\"$MSG!\")")"#,
    );
    check("telegram(bot-id(1) chat-id(2));", "chat_id=2&text=$(url-encode \\\"${MSG}\\\")");
    check("logscale(token(T) attributes(\"--key x.*\"));", "attributes=json('$(format-json --key x.*)')");
    check(
        "sumologic-http(collector(C) deployment(eu));",
        "https://collectors.eu.sumologic.com/receiver/v1/http/C",
    );
}
