//! Certificates made for a test.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha1::Digest;

/// A directory with the certificates and keys of two authorities and of those they have signed.
pub(super) struct Pki(tempfile::TempDir);

impl Pki {
    pub(super) fn new() -> Pki {
        let pki = Pki(tempfile::tempdir().unwrap());
        let ca = pki.authority("ca");
        let other = pki.authority("other-ca");
        pki.signed("server", &["localhost"], "server.example", 1, &ca);
        pki.signed("client", &["client.example"], "client.example", 2, &ca);
        pki.signed("revoked", &["revoked.example"], "revoked.example", 3, &ca);
        pki.signed("old", &[], "localhost", 4, &ca);
        pki.signed("stranger", &["localhost"], "stranger.example", 5, &other);
        // As `openssl req -x509` makes it: an authority that shows itself.
        let (mut params, key) = pki.params(&["localhost"], "localhost");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        pki.write("selfsigned", &params.self_signed(&key).unwrap().pem(), &key);
        let revoked = RevokedCertParams {
            serial_number: SerialNumber::from(3),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(4000, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![revoked],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        std::fs::create_dir(pki.0.path().join("crl")).unwrap();
        let list = list.signed_by(&ca).unwrap().pem().unwrap();
        std::fs::write(pki.0.path().join("crl/list.r0"), list).unwrap();
        pki
    }

    pub(super) fn dir(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    pub(super) fn certificate(&self, name: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.0.path().join(format!("{name}.pem"))).unwrap()
    }

    /// By SHA-1 and by SHA-256, as OpenSSL shows it.
    pub(super) fn fingerprint(&self, name: &str) -> (String, String) {
        let certificate = self.certificate(name);
        let digits =
            |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<String>>().join(":");
        (
            format!("SHA1:{}", digits(&sha1::Sha1::digest(&certificate))),
            format!("SHA256:{}", digits(&sha2::Sha256::digest(&certificate))),
        )
    }

    fn authority(&self, name: &str) -> Issuer<'static, KeyPair> {
        let (mut params, key) = self.params(&[], name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        self.write(name, &params.self_signed(&key).unwrap().pem(), &key);
        Issuer::new(params, key)
    }

    fn signed(&self, file: &str, hosts: &[&str], name: &str, serial: u64, by: &Issuer<'_, KeyPair>) {
        let (mut params, key) = self.params(hosts, name);
        params.serial_number = Some(SerialNumber::from(serial));
        self.write(file, &params.signed_by(&key, by).unwrap().pem(), &key);
    }

    fn params(&self, hosts: &[&str], name: &str) -> (CertificateParams, KeyPair) {
        let hosts: Vec<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.distinguished_name.push(DnType::CommonName, name);
        (params, KeyPair::generate().unwrap())
    }

    fn write(&self, name: &str, certificate: &str, key: &KeyPair) {
        let path = |extension: &str| Path::new(self.dir()).join(format!("{name}.{extension}"));
        std::fs::write(path("pem"), certificate).unwrap();
        std::fs::write(path("key"), key.serialize_pem()).unwrap();
    }
}
