//! The options of `tls()`, and what they come to.

use std::path::PathBuf;
use std::sync::Arc;

use conf::diagnostic::Diagnostic;
use conf::options::Spanned;
use pipeline::Compile;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::cipher::{self, CipherSuites};
use super::files;
use super::verify::{Clients, Lists, PeerVerify, Servers};
use crate::matcher::{Flags, Kind, Matcher};
use crate::options::{NoEffect, NotYet};

conf::options! {
    /// Encryption, and who is trusted.
    pub struct TlsOptions {
        /// File with the certificates of authorities that are trusted, in PEM.
        ca_file: Spanned<PathBuf> = inherit,
        /// Directory with such files.
        ca_dir: Spanned<PathBuf> = inherit,
        /// Directory with revocation lists. A certificate that no list speaks of is refused.
        crl_dir: Spanned<PathBuf> = inherit,
        /// Our own certificate, with those that lead to its authority.
        cert_file: Spanned<PathBuf> = inherit,
        /// Its key.
        key_file: Spanned<PathBuf> = inherit,
        /// What is asked of the certificate at the other end.
        peer_verify: PeerVerify = PeerVerify::RequiredTrusted,
        /// Fingerprints of the certificates that are let in: `SHA1:00:EF:…` or `SHA256:…`.
        trusted_keys: Vec<Spanned<String>> = repeated,
        /// Distinguished names of those that are let in, with wildcards: `CN=*, O=Example Inc, C=HU`.
        trusted_dn: Vec<Spanned<String>> = repeated,
        /// Cipher suites, in OpenSSL's names.
        cipher_suite: CipherSuites = inherit,
        /// Key exchanges, in OpenSSL's names.
        ecdh_curve_list: Spanned<String> = inherit,
        /// `no-tlsv12`, `no-tlsv13`, `ignore-hostname-mismatch` and the like.
        ssl_options: Vec<Spanned<String>> = repeated,
        /// The one version: `tlsv1_2` or `tlsv1_3`.
        ssl_version: Spanned<String> = inherit,
        /// Tell the server, unencrypted, which host we want.
        sni: bool = false,
        /// Compression. There is none.
        allow_compress: NoEffect = inherit,
        /// Parameters of a key exchange that is not used.
        dhparam_file: NoEffect = inherit,
        /// Key and certificate in one file.
        pkcs12_file: NotYet = inherit,
        /// Signatures of handshakes.
        sigalgs: NotYet = inherit,
        /// Signatures of clients.
        client_sigalgs: NotYet = inherit,
        /// File that the keys of all connections go to.
        keylog_file: NotYet = inherit,
        /// Ask the server for a proof that its certificate is not revoked.
        ocsp_stapling_verify: NotYet = inherit,
        /// Commands for OpenSSL.
        openssl_conf_cmds: NotYet = inherit,
    }
}

/// What is read of the files.
struct Material {
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static rustls::SupportedProtocolVersion>,
    authorities: Vec<CertificateDer<'static>>,
    revocations: Vec<CertificateRevocationListDer<'static>>,
    own: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
}

impl TlsOptions {
    /// What a server does. `None` after reporting what is wrong, at `span` where it is not about one option.
    pub(crate) fn server(&self, span: conf::Span, cx: &mut Compile<'_>) -> Option<Arc<ServerConfig>> {
        let material = self.material(span, cx)?;
        let Some((chain, key)) = material.own.as_ref().map(|(chain, key)| (chain.clone(), key.clone_key()))
        else {
            let message = "tls() of a source needs key-file() and cert-file()";
            cx.diagnostics.push(Diagnostic::error(message, span));
            return None;
        };
        let roots = self.roots(&material, span, cx)?;
        let inner = WebPkiClientVerifier::builder_with_provider(roots, material.provider.clone())
            .with_crls(material.revocations)
            .enforce_revocation_expiration()
            .build();
        let verifier = Clients {
            mode: self.peer_verify,
            inner: self.usable(inner, &material.authorities, span, cx)?,
            pinned: material.authorities,
            lists: self.lists(cx)?,
            provider: material.provider.clone(),
        };
        let config = ServerConfig::builder_with_provider(material.provider)
            .with_protocol_versions(&material.versions)
            .map(|builder| builder.with_client_cert_verifier(Arc::new(verifier)))
            .and_then(|builder| builder.with_single_cert(chain, key));
        self.made(config, span, cx)
    }

    /// What a client does.
    pub(crate) fn client(&self, span: conf::Span, cx: &mut Compile<'_>) -> Option<Arc<ClientConfig>> {
        let material = self.material(span, cx)?;
        self.client_with(material, span, cx)
    }

    /// What a client does that trusts, where no authorities are given or `system` asks for them too, those of this
    /// machine.
    pub(crate) fn public_client(
        &self,
        system: bool,
        span: conf::Span,
        cx: &mut Compile<'_>,
    ) -> Option<Arc<ClientConfig>> {
        let mut material = self.material(span, cx)?;
        if system || material.authorities.is_empty() {
            material.authorities.extend(rustls_native_certs::load_native_certs().certs);
        }
        self.client_with(material, span, cx)
    }

    fn client_with(
        &self,
        material: Material,
        span: conf::Span,
        cx: &mut Compile<'_>,
    ) -> Option<Arc<ClientConfig>> {
        let roots = self.roots(&material, span, cx)?;
        let inner = WebPkiServerVerifier::builder_with_provider(roots, material.provider.clone())
            .with_crls(material.revocations)
            .enforce_revocation_expiration()
            .build();
        let ignore = |word: &Spanned<String>| word.value.replace('_', "-") == "ignore-hostname-mismatch";
        let verifier = Servers {
            mode: self.peer_verify,
            inner: self.usable(inner, &material.authorities, span, cx)?,
            pinned: material.authorities,
            lists: self.lists(cx)?,
            check_name: !self.ssl_options.iter().any(ignore),
            provider: material.provider.clone(),
        };
        let builder = ClientConfig::builder_with_provider(material.provider)
            .with_protocol_versions(&material.versions)
            .map(|builder| builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)));
        let config = builder.and_then(|builder| match material.own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key),
            None => Ok(builder.with_no_client_auth()),
        });
        let config = config.map(|mut config| {
            config.enable_sni = self.sni;
            config
        });
        self.made(config, span, cx)
    }

    fn material(&self, span: conf::Span, cx: &mut Compile<'_>) -> Option<Material> {
        let provider = cipher::provider(self.cipher_suite.as_ref(), self.ecdh_curve_list.as_ref(), cx)?;
        let versions = cipher::versions(&self.ssl_options, self.ssl_version.as_ref(), cx)?;
        let mut authorities = Vec::new();
        if let Some(file) = &self.ca_file {
            authorities.extend(told(files::certificates(&file.value), file.span, cx)?);
        }
        if let Some(dir) = &self.ca_dir {
            authorities.extend(told(files::certificates_of_dir(&dir.value), dir.span, cx)?);
        }
        let revocations = match &self.crl_dir {
            Some(dir) => told(files::revocations_of_dir(&dir.value), dir.span, cx)?,
            None => Vec::new(),
        };
        if let Some(dir) = self.crl_dir.as_ref().filter(|_| revocations.is_empty()) {
            let message = format!("no revocation list in {}", dir.value.display());
            cx.diagnostics.push(Diagnostic::error(message, dir.span));
            return None;
        }
        let own = match (&self.cert_file, &self.key_file) {
            (Some(chain), Some(key)) => Some((
                told(files::certificates(&chain.value), chain.span, cx)?,
                told(files::key(&key.value), key.span, cx)?,
            )),
            (None, None) => None,
            _ => {
                let message = "key-file() and cert-file() come together";
                cx.diagnostics.push(Diagnostic::error(message, span));
                return None;
            }
        };
        Some(Material { provider, versions, authorities, revocations, own })
    }

    fn roots(
        &self,
        material: &Material,
        span: conf::Span,
        cx: &mut Compile<'_>,
    ) -> Option<Arc<RootCertStore>> {
        let mut roots = RootCertStore::empty();
        let (_, ignored) = roots.add_parsable_certificates(material.authorities.iter().cloned());
        if ignored > 0 {
            let message = format!("{ignored} certificates of authorities cannot be used");
            cx.diagnostics.push(Diagnostic::warning(message, span));
        }
        if self.peer_verify.trusted() && material.authorities.is_empty() {
            let message =
                "nobody is trusted without ca-file() or ca-dir(): every peer that must be will be refused";
            cx.diagnostics.push(
                Diagnostic::warning(message, span).note("peer-verify(optional-untrusted) lets anybody in"),
            );
        }
        Some(Arc::new(roots))
    }

    /// The verifier of chains; none where there are no authorities.
    fn usable<T: ?Sized>(
        &self,
        built: Result<Arc<T>, rustls::server::VerifierBuilderError>,
        authorities: &[CertificateDer<'_>],
        span: conf::Span,
        cx: &mut Compile<'_>,
    ) -> Option<Option<Arc<T>>> {
        match built {
            Ok(verifier) => Some(Some(verifier)),
            Err(_) if authorities.is_empty() => Some(None),
            Err(error) => {
                cx.diagnostics.push(Diagnostic::error(format!("tls(): {error}"), span));
                None
            }
        }
    }

    fn lists(&self, cx: &mut Compile<'_>) -> Option<Lists> {
        let mut lists = Lists::default();
        for key in &self.trusted_keys {
            let plain = key.value.to_ascii_lowercase();
            let read = plain.split_once(':').and_then(|(kind, digits)| {
                let digits: String = digits.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
                let length = match kind.trim() {
                    "sha1" => 40,
                    "sha256" => 64,
                    _ => return None,
                };
                let good = digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                good.then(|| format!("{}:{digits}", kind.trim()))
            });
            let Some(read) = read else {
                let message = format!("`{}` is no fingerprint", key.value);
                cx.diagnostics.push(
                    Diagnostic::error(message, key.span).note("it looks like `SHA1:00:EF:…` or `SHA256:…`"),
                );
                return None;
            };
            lists.keys.push(read);
        }
        for name in &self.trusted_dn {
            match Matcher::new(&name.value, Kind::Glob, Flags::default()) {
                Ok(matcher) => lists.names.push(matcher),
                Err(error) => {
                    cx.diagnostics.push(Diagnostic::error(error.to_string(), name.span));
                    return None;
                }
            }
        }
        Some(lists)
    }

    fn made<T>(
        &self,
        config: Result<T, rustls::Error>,
        span: conf::Span,
        cx: &mut Compile<'_>,
    ) -> Option<Arc<T>> {
        let span = self.key_file.as_ref().map_or(span, |key| key.span);
        told(config.map(Arc::new).map_err(|error| format!("tls(): {error}")), span, cx)
    }
}

fn told<T>(result: Result<T, String>, span: conf::Span, cx: &mut Compile<'_>) -> Option<T> {
    result.map_err(|message| cx.diagnostics.push(Diagnostic::error(message, span))).ok()
}
