//! What a certificate says about its owner.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode, Tag, Tagged};
use x509_cert::ext::pkix::SubjectAltName;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// Attributes with the short names that OpenSSL shows them by.
const SHORT_NAMES: [(&str, &str); 11] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.5", "serialNumber"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

/// The owner of a certificate, and until when it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// `CN`, the last one where there are several: the most particular.
    pub(crate) common_name: Option<String>,
    /// `O`
    pub(crate) organization: Option<String>,
    /// `OU`
    pub(crate) unit: Option<String>,
    /// `CN=…, O=…, C=…`: what `trusted-dn()` is compared with.
    pub(crate) distinguished_name: String,
    /// Whether it names hosts of its own, so that the common name is none.
    pub(super) has_alternative_names: bool,
    /// Since the epoch.
    pub(super) valid: (Duration, Duration),
}

impl Subject {
    /// Reads a certificate; `None` for bytes that are none.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Option<Subject> {
        let certificate = Certificate::from_der(certificate).ok()?.tbs_certificate;
        let attributes: Vec<&AttributeTypeAndValue> =
            certificate.subject.0.iter().flat_map(|relative| relative.0.iter()).collect();
        let last = |wanted: ObjectIdentifier| {
            attributes.iter().rev().find(|attribute| attribute.oid == wanted).map(|found| text(found))
        };
        let shown: Vec<String> = attributes
            .iter()
            .rev()
            .map(|attribute| format!("{}={}", short_name(attribute.oid), text(attribute)))
            .collect();
        let alternative = certificate
            .extensions
            .iter()
            .flatten()
            .find(|extension| extension.extn_id == ALTERNATIVE_NAME)
            .and_then(|extension| SubjectAltName::from_der(extension.extn_value.as_bytes()).ok());
        Some(Subject {
            common_name: last(COMMON_NAME),
            organization: last(ORGANIZATION),
            unit: last(UNIT),
            distinguished_name: shown.join(", "),
            has_alternative_names: alternative.is_some_and(|names| !names.0.is_empty()),
            valid: (
                certificate.validity.not_before.to_unix_duration(),
                certificate.validity.not_after.to_unix_duration(),
            ),
        })
    }

    /// `.tls.x509_cn` and the like, for the messages of a connection.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, Vec<u8>)> {
        let found = [
            (".tls.x509_cn", &self.common_name),
            (".tls.x509_o", &self.organization),
            (".tls.x509_ou", &self.unit),
        ];
        found
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?.clone().into_bytes())))
            .collect()
    }

    /// Whether the common name is `host`, or a wildcard for its first label. A certificate that names hosts where
    /// they belong is not asked.
    pub(super) fn common_name_is(&self, host: &str) -> bool {
        let Some(name) = self.common_name.as_deref().filter(|_| !self.has_alternative_names) else {
            return false;
        };
        if host.parse::<std::net::IpAddr>().is_ok() {
            return name == host;
        }
        let (name, host) = (name.trim_end_matches('.'), host.trim_end_matches('.'));
        match name.strip_prefix("*.") {
            // One whole label, and never that of a top level domain.
            Some(parent) if parent.contains('.') && !parent.contains('*') => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(parent)),
            Some(_) => false,
            None => !name.contains('*') && name.eq_ignore_ascii_case(host),
        }
    }
}

fn short_name(oid: ObjectIdentifier) -> String {
    let dotted = oid.to_string();
    let known = SHORT_NAMES.iter().find(|(number, _)| *number == dotted);
    known.map_or(dotted, |(_, name)| (*name).to_owned())
}

fn text(attribute: &AttributeTypeAndValue) -> String {
    let bytes = attribute.value.value();
    match attribute.value.tag() {
        Tag::BmpString => {
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
            String::from_utf8_lossy(bytes).into_owned()
        }
        _ => attribute.value.to_der().map_or_else(|_| String::new(), |der| hex(&der)),
    }
}

/// Two lower-case digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
