//! `cipher-suite()`, `ecdh-curve-list()`, `ssl-options()`, `ssl-version()`: what a connection may be encrypted with.

use std::sync::Arc;

use conf::ast::{Argument, Value};
use conf::diagnostic::{Diagnostic, Diagnostics};
use conf::options::{FromArguments, Given, Spanned};
use pipeline::Compile;
use rustls::crypto::{CryptoProvider, ring};
use rustls::{CipherSuite, NamedGroup, SupportedCipherSuite, SupportedProtocolVersion};

use CipherSuite as Suite;

/// The suites there are, by OpenSSL's names.
const SUITES: [(&str, Suite); 9] = [
    ("ECDHE-ECDSA-AES256-GCM-SHA384", Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", Suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("ECDHE-RSA-AES256-GCM-SHA384", Suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("ECDHE-RSA-AES128-GCM-SHA256", Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
    ("ECDHE-RSA-CHACHA20-POLY1305", Suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS_AES_256_GCM_SHA384", Suite::TLS13_AES_256_GCM_SHA384),
    ("TLS_AES_128_GCM_SHA256", Suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_CHACHA20_POLY1305_SHA256", Suite::TLS13_CHACHA20_POLY1305_SHA256),
];

/// Key exchanges, by OpenSSL's names.
const CURVES: [(&str, NamedGroup); 6] = [
    ("X25519", NamedGroup::X25519),
    ("prime256v1", NamedGroup::secp256r1),
    ("secp256r1", NamedGroup::secp256r1),
    ("P-256", NamedGroup::secp256r1),
    ("secp384r1", NamedGroup::secp384r1),
    ("P-384", NamedGroup::secp384r1),
];

/// Words of a list of suites that stand for all that are any good. There are no others here.
const EVERY: [&str; 9] =
    ["DEFAULT", "ALL", "HIGH", "ECDHE", "EECDH", "kEECDH", "AESGCM", "ECDHE+AESGCM", "EECDH+AESGCM"];

/// `cipher-suite("…")`, or `cipher-suite(tls12-and-older("…") tls13("…"))`.
#[derive(Debug, Clone, Default)]
pub(super) struct CipherSuites {
    older: Option<Spanned<String>>,
    tls13: Option<Spanned<String>>,
}

impl FromArguments for CipherSuites {
    const TYPE: &'static str = "string";

    fn from_arguments(given: &Given<'_>, diagnostics: &mut Diagnostics) -> Option<CipherSuites> {
        let mut suites = CipherSuites::default();
        for argument in given.arguments {
            match argument {
                Argument::Value(value) => suites.older = Some(spanned(value)),
                Argument::Call(call) => {
                    let text = Spanned::<String>::from_arguments(&Given::of_call(call), diagnostics);
                    match call.name.text.replace('_', "-").as_str() {
                        "tls12-and-older" => suites.older = text,
                        "tls13" => suites.tls13 = text,
                        other => {
                            let message = format!("cipher-suite() has no option `{other}`");
                            let known = ["tls12-and-older", "tls13"];
                            diagnostics
                                .push(Diagnostic::error(message, call.name.span).suggest(other, known));
                            return None;
                        }
                    }
                }
                other => return given.wrong(other.span(), "a list of cipher suites", diagnostics),
            }
        }
        Some(suites)
    }
}

/// What is left of rustls's provider under these options; `None` after reporting that nothing is.
pub(super) fn provider(
    suites: Option<&CipherSuites>,
    curves: Option<&Spanned<String>>,
    cx: &mut Compile<'_>,
) -> Option<Arc<CryptoProvider>> {
    let mut provider = ring::default_provider();
    let lists = suites.map(|suites| [(&suites.older, false), (&suites.tls13, true)]);
    for (list, tls13) in lists.into_iter().flatten() {
        if let Some(list) = list {
            choose_suites(&mut provider, list, tls13, cx)?;
        }
    }
    if let Some(list) = curves {
        let chosen = chosen(list, &CURVES, &[], "key exchange", cx)?;
        provider.kx_groups =
            ring::ALL_KX_GROUPS.iter().copied().filter(|group| chosen.contains(&group.name())).collect();
        provider.kx_groups.sort_by_key(|group| chosen.iter().position(|name| *name == group.name()));
    }
    Some(Arc::new(provider))
}

fn choose_suites(
    provider: &mut CryptoProvider,
    list: &Spanned<String>,
    tls13: bool,
    cx: &mut Compile<'_>,
) -> Option<()> {
    let is_new = |suite: &SupportedCipherSuite| matches!(suite, SupportedCipherSuite::Tls13(_));
    let candidates: Vec<(&str, Suite)> =
        SUITES.iter().copied().filter(|(name, _)| name.starts_with("TLS_") == tls13).collect();
    let chosen = chosen(list, &candidates, &EVERY, "cipher suite", cx)?;
    provider.cipher_suites.retain(|suite| is_new(suite) != tls13 || chosen.contains(&suite.suite()));
    provider.cipher_suites.sort_by_key(|suite| {
        let place = chosen.iter().position(|name| *name == suite.suite());
        // The newer protocol first, whatever order the other one's list has.
        (!is_new(suite), place.unwrap_or_default())
    });
    Some(())
}

/// What of `list` there is, in its order.
fn chosen<T: Copy + PartialEq>(
    list: &Spanned<String>,
    known: &[(&str, T)],
    every: &[&str],
    what: &str,
    cx: &mut Compile<'_>,
) -> Option<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    let mut unknown = Vec::new();
    for word in list.value.split([':', ',', ' ']).filter(|word| !word.is_empty()) {
        // `!RC4`, `-3DES`: nothing of what such a list takes away is here.
        let taken_away = word.strip_prefix(['!', '-']);
        let of =
            |word: &str| known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, it)| *it);
        if let Some(away) = taken_away {
            found.retain(|it| of(away) != Some(*it));
        } else if let Some(it) = of(word) {
            if !found.contains(&it) {
                found.push(it);
            }
        } else if every.contains(&word) {
            let more: Vec<T> = known.iter().map(|(_, it)| *it).filter(|it| !found.contains(it)).collect();
            found.extend(more);
        } else if !word.starts_with(['+', '@']) {
            unknown.push(word);
        }
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    if found.is_empty() {
        let message = format!("no {what} of `{}` is supported", list.value);
        cx.diagnostics
            .push(Diagnostic::error(message, list.span).note(format!("there are {}", names.join(", "))));
        return None;
    }
    if !unknown.is_empty() {
        let message = format!("{what} not supported, going on without: {}", unknown.join(", "));
        cx.diagnostics
            .push(Diagnostic::warning(message, list.span).note(format!("there are {}", names.join(", "))));
    }
    Some(found)
}

/// The protocol versions under `ssl-options()` and `ssl-version()`; `None` after reporting that none is left.
pub(super) fn versions(
    options: &[Spanned<String>],
    only: Option<&Spanned<String>>,
    cx: &mut Compile<'_>,
) -> Option<Vec<&'static SupportedProtocolVersion>> {
    let (mut tls12, mut tls13) = (true, true);
    let mut last = conf::Span::default();
    for word in options {
        last = word.span;
        match word.value.replace('_', "-").as_str() {
            "no-tlsv12" => tls12 = false,
            "no-tlsv13" => tls13 = false,
            // So it is always.
            "no-sslv2" | "no-sslv3" | "no-tlsv1" | "no-tlsv11" | "no-renegotiation" => {}
            "cipher-server-preference" | "ignore-unexpected-eof" => {}
            // Read elsewhere: it is about names, not about versions.
            "ignore-hostname-mismatch" => {}
            other => {
                let message = format!("ssl-options() does not take `{other}`");
                cx.diagnostics.push(Diagnostic::error(message, word.span).suggest(other, SSL_OPTIONS));
                return None;
            }
        }
    }
    if let Some(word) = only {
        last = word.span;
        match word.value.replace('_', "-").as_str() {
            "tlsv1-2" | "tlsv12" => tls13 = false,
            "tlsv1-3" | "tlsv13" => tls12 = false,
            other => {
                let message = format!("ssl-version({other}) is not supported: there are tlsv1_2 and tlsv1_3");
                cx.diagnostics.push(Diagnostic::error(message, word.span));
                return None;
            }
        }
    }
    let mut versions = Vec::new();
    if tls13 {
        versions.push(&rustls::version::TLS13);
    }
    if tls12 {
        versions.push(&rustls::version::TLS12);
    }
    if versions.is_empty() {
        let message = "no version of TLS is left: there are TLS 1.2 and TLS 1.3";
        cx.diagnostics.push(Diagnostic::error(message, last));
        return None;
    }
    Some(versions)
}

const SSL_OPTIONS: [&str; 10] = [
    "no-sslv2",
    "no-sslv3",
    "no-tlsv1",
    "no-tlsv11",
    "no-tlsv12",
    "no-tlsv13",
    "no-renegotiation",
    "cipher-server-preference",
    "ignore-hostname-mismatch",
    "ignore-unexpected-eof",
];

fn spanned(value: &Value) -> Spanned<String> {
    Spanned { value: value.text().to_owned(), span: value.span }
}
