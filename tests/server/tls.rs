//! Certificates for a test, and TLS acceptors that use them.

use std::{
    path::{Path, PathBuf},
    time::SystemTime,
};

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslAcceptorBuilder, SslMethod, SslVerifyMode, SslVersion},
    x509::{
        X509, X509Builder, X509NameBuilder,
        extension::{BasicConstraints, KeyUsage, SubjectAlternativeName},
    },
};
use tempfile::TempDir;

/// When a certificate is valid.
#[derive(Clone, Copy)]
pub enum Validity {
    Now,
    Past,
    Future,
}

/// A certificate authority for one test.
pub struct Authority {
    key: PKey<Private>,
    certificate: X509,
    folder: TempDir,
}

/// A server's certificate and its key.
pub struct Identity {
    key: PKey<Private>,
    certificate: X509,
}

impl Authority {
    pub fn named(common_name: &str) -> Self {
        let key = new_key();
        let mut builder = unsigned(common_name, &key, Validity::Now);
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
        builder.append_extension(KeyUsage::new().critical().key_cert_sign().build().unwrap()).unwrap();
        builder.set_issuer_name(&name(common_name)).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        let certificate = builder.build();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), certificate.to_pem().unwrap()).unwrap();
        Self { key, certificate, folder }
    }

    /// Returns the file for `--ca-file`.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns a self-signed server certificate, as `openssl req -x509` makes them.
    pub fn itself(&self) -> Identity {
        Identity { key: self.key.clone(), certificate: self.certificate.clone() }
    }

    /// Issues a certificate for a server with this name or address.
    pub fn issue(&self, host: &str, validity: Validity) -> Identity {
        let key = new_key();
        let mut builder = unsigned("server", &key, validity);
        let mut names = SubjectAlternativeName::new();
        if host.parse::<std::net::IpAddr>().is_ok() {
            names.ip(host)
        } else {
            names.dns(host)
        };
        let names = names.build(&builder.x509v3_context(Some(&self.certificate), None)).unwrap();
        builder.append_extension(names).unwrap();
        builder.set_issuer_name(self.certificate.subject_name()).unwrap();
        builder.sign(&self.key, MessageDigest::sha256()).unwrap();
        Identity { key, certificate: builder.build() }
    }
}

impl Identity {
    /// Reads a certificate and its key in PEM.
    pub fn read(certificate: &Path, key: &Path) -> Self {
        let [certificate, key] = [certificate, key].map(|file| std::fs::read(file).unwrap());
        Self { key: PKey::private_key_from_pem(&key).unwrap(), certificate: X509::from_pem(&certificate).unwrap() }
    }

    pub fn certificate(&self) -> &X509 {
        &self.certificate
    }
}

/// Makes an acceptor with current protocols.
pub fn acceptor(identity: &Identity) -> SslAcceptor {
    acceptor_between(identity, None, None)
}

/// Makes an acceptor for TLS 1.1 and older only.
pub fn old_acceptor(identity: &Identity) -> SslAcceptor {
    acceptor_between(identity, Some(SslVersion::TLS1), Some(SslVersion::TLS1_1))
}

/// Makes an acceptor for TLS 1.2 only.
pub fn tls_1_2_acceptor(identity: &Identity) -> SslAcceptor {
    acceptor_between(identity, Some(SslVersion::TLS1_2), Some(SslVersion::TLS1_2))
}

/// Makes an acceptor with a certificate of any age, whose client needs a certificate.
pub fn demanding_acceptor(identity: &Identity, newest: SslVersion) -> SslAcceptor {
    let mut builder = old_style(identity);
    builder.set_max_proto_version(Some(newest)).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    builder.build()
}

/// Makes an acceptor whose client needs a certificate below the authority in this file.
pub fn verifying_acceptor(identity: &Identity, authority: &Path, newest: SslVersion) -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_max_proto_version(Some(newest)).unwrap();
    builder.set_private_key(&identity.key).unwrap();
    builder.set_certificate(&identity.certificate).unwrap();
    // Those of the certificates in `testdata`.
    builder.set_groups_list("X25519:P-256:P-384:P-521").unwrap();
    builder.set_ca_file(authority).unwrap();
    builder.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    builder.build()
}

/// Makes an acceptor with a certificate of any age.
pub fn weak_acceptor(identity: &Identity) -> SslAcceptor {
    old_style(identity).build()
}

fn old_style(identity: &Identity) -> SslAcceptorBuilder {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    builder.set_private_key(&identity.key).unwrap();
    builder.set_certificate(&identity.certificate).unwrap();
    builder
}

fn acceptor_between(identity: &Identity, oldest: Option<SslVersion>, newest: Option<SslVersion>) -> SslAcceptor {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    if oldest == Some(SslVersion::TLS1) {
        builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    }
    builder.set_min_proto_version(oldest).unwrap();
    builder.set_max_proto_version(newest).unwrap();
    builder.set_private_key(&identity.key).unwrap();
    builder.set_certificate(&identity.certificate).unwrap();
    builder.build()
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn name(common_name: &str) -> openssl::x509::X509Name {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, common_name).unwrap();
    name.build()
}

/// Makes a certificate without issuer and signature.
fn unsigned(common_name: &str, key: &PKey<Private>, validity: Validity) -> X509Builder {
    const DAY: i64 = 24 * 60 * 60;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let (from, to) = match validity {
        Validity::Now => (now - DAY, now + DAY),
        Validity::Past => (now - 3 * DAY, now - DAY),
        Validity::Future => (now + DAY, now + 3 * DAY),
    };
    let mut builder = X509Builder::new().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.pseudo_rand(64, openssl::bn::MsbOption::ONE, false).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name(common_name)).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(from).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(to).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder
}
