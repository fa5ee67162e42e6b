//! Who is let in: `peer-verify()`, `trusted-keys()`, `trusted-dn()`, `ca-file()`, `crl-dir()`.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, SignatureScheme,
};
use sha1::Digest;

use super::Subject;
use super::subject::hex;
use crate::matcher::Matcher;

conf::choices! {
    /// What is asked of the certificate at the other end.
    pub enum PeerVerify {
        /// There must be one, and it must be trusted.
        RequiredTrusted = "required-trusted" | "yes" | "on" | "1",
        /// There must be one.
        RequiredUntrusted = "required-untrusted",
        /// If there is one it must be trusted.
        OptionalTrusted = "optional-trusted",
        /// Anybody is welcome.
        OptionalUntrusted = "optional-untrusted" | "no" | "off" | "0",
    }
}

impl PeerVerify {
    pub(super) fn trusted(self) -> bool {
        matches!(self, PeerVerify::RequiredTrusted | PeerVerify::OptionalTrusted)
    }

    fn required(self) -> bool {
        matches!(self, PeerVerify::RequiredTrusted | PeerVerify::RequiredUntrusted)
    }
}

/// `trusted-keys()` and `trusted-dn()`: where a list is given, the certificate must be on it, whatever else holds.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Fingerprints: `SHA1:` or `SHA256:`, in lower case and without colons between the digits.
    pub(super) keys: Vec<String>,
    pub(super) names: Vec<Matcher>,
}

impl Lists {
    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        if !self.keys.is_empty() {
            let sha1 = format!("sha1:{}", hex(&sha1::Sha1::digest(certificate)));
            let sha256 = format!("sha256:{}", hex(&sha2::Sha256::digest(certificate)));
            if !self.keys.iter().any(|key| *key == sha1 || *key == sha256) {
                return Err(refused("its fingerprint is not in trusted-keys()"));
            }
        }
        if !self.names.is_empty() {
            let name = Subject::of(certificate).map(|subject| subject.distinguished_name);
            let name = name.ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))?;
            if !self.names.iter().any(|pattern| pattern.matches(name.as_bytes())) {
                return Err(refused(&format!("`{name}` is not in trusted-dn()")));
            }
        }
        Ok(())
    }
}

/// What clients are asked for.
#[derive(Debug)]
pub(super) struct Clients {
    pub(super) mode: PeerVerify,
    /// The authorities; without any, nobody is trusted.
    pub(super) inner: Option<Arc<dyn ClientCertVerifier>>,
    pub(super) pinned: Vec<CertificateDer<'static>>,
    pub(super) lists: Lists,
    pub(super) provider: Arc<CryptoProvider>,
}

/// What servers are asked for.
#[derive(Debug)]
pub(super) struct Servers {
    pub(super) mode: PeerVerify,
    pub(super) inner: Option<Arc<WebPkiServerVerifier>>,
    pub(super) pinned: Vec<CertificateDer<'static>>,
    pub(super) lists: Lists,
    /// Whether the certificate must be that of the host which is connected to.
    pub(super) check_name: bool,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.mode.required()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.as_ref().map_or(&[], |inner| inner.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.lists.check(end_entity)?;
        if !self.mode.trusted() {
            return Ok(ClientCertVerified::assertion());
        }
        if self.pinned.iter().any(|pinned| pinned == end_entity) {
            check_dates(end_entity, now)?;
            return Ok(ClientCertVerified::assertion());
        }
        let inner = self.inner.as_ref().ok_or_else(|| Error::from(CertificateError::UnknownIssuer))?;
        inner.verify_client_cert(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Servers {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.lists.check(end_entity)?;
        if !self.mode.trusted() {
            return Ok(ServerCertVerified::assertion());
        }
        let host = server_name.to_str();
        if self.pinned.iter().any(|pinned| pinned == end_entity) {
            check_dates(end_entity, now)?;
            if self.check_name {
                let certificate = rustls::server::ParsedCertificate::try_from(end_entity)?;
                if let Err(error) = rustls::client::verify_server_name(&certificate, server_name) {
                    return self.despite_name(error, end_entity, &host);
                }
            }
            return Ok(ServerCertVerified::assertion());
        }
        let inner = self.inner.as_ref().ok_or_else(|| Error::from(CertificateError::UnknownIssuer))?;
        // The chain is looked at before the name: whose name is wrong is trusted otherwise.
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) => self.despite_name(error, end_entity, &host),
            good => good,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl Servers {
    /// What becomes of a certificate whose one fault may be its name: older ones have the host in the common name.
    fn despite_name(
        &self,
        error: Error,
        certificate: &CertificateDer<'_>,
        host: &str,
    ) -> Result<ServerCertVerified, Error> {
        let about_name = matches!(
            error,
            Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
            )
        );
        let fine = || Subject::of(certificate).is_some_and(|subject| subject.common_name_is(host));
        if about_name && (!self.check_name || fine()) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(error)
        }
    }
}

fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let subject = Subject::of(certificate).ok_or_else(|| Error::from(CertificateError::BadEncoding))?;
    let now = Duration::from_secs(now.as_secs());
    if now < subject.valid.0 {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > subject.valid.1 {
        return Err(CertificateError::Expired.into());
    }
    Ok(())
}

/// An error in our own words.
#[derive(Debug, thiserror::Error)]
#[error("certificate refused: {0}")]
struct Refused(String);

fn refused(why: &str) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(Refused(why.to_owned())))))
}
