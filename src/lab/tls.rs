//! TLS for both ends of the lesson, by rustls with ring: who is shown, and who is believed.
//!
//! Nothing here installs anything process-wide. Where certificates come from is the business of
//! `authority` and of the caller.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// What can be wrong with certificates and keys.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file was read and holds no certificate, or no key.
    #[error("{} holds no {wanted} in PEM form ({cause})", path.display())]
    NotPem {
        /// Which file.
        path: PathBuf,
        /// `certificate` or `private key`.
        wanted: &'static str,
        /// What the parser said.
        cause: pem::Error,
    },
    /// rustls refused the certificate or the key.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(rustls::Error),
    /// No roots to trust were found.
    #[error("this system has no certificate authorities to trust; name one with --ca FILE ({0})")]
    NoRoots(rustls::Error),
}

/// A server's certificate chain, its own certificate first, and the key to it.
#[derive(Debug)]
pub struct Identity {
    /// The chain in the order in which it is shown.
    pub chain: Vec<CertificateDer<'static>>,
    /// The private key to the first certificate.
    pub key: PrivateKeyDer<'static>,
}

impl Identity {
    /// Reads a chain and its key from two PEM files.
    ///
    /// # Errors
    /// A file cannot be read or holds nothing of the kind.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, Error> {
        let chain = certificates(certificate)?;
        let pem = read(key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|cause| Error::NotPem {
            path: key.to_owned(),
            wanted: "private key",
            cause,
        })?;
        Ok(Self { chain, key })
    }
}

/// All certificates in a PEM file, at least one.
///
/// # Errors
/// The file cannot be read or holds none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let not_pem = |cause| Error::NotPem { path: path.to_owned(), wanted: "certificate", cause };
    let pem = read(path)?;
    let found = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(not_pem)?;
    if found.is_empty() { Err(not_pem(pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let text = if path == Path::new("-") {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text).map(|_| text)
    } else {
        std::fs::read(path)
    };
    text.map_err(|cause| Error::Read { path: path.to_owned(), cause })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// What a server needs to show `identity` and speak HTTP/1.1 behind it.
///
/// # Errors
/// The key does not belong to the certificate, or is of a kind that rustls does not take.
pub fn server_config(identity: Identity) -> Result<Arc<ServerConfig>, Error> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(Error::Unusable)?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .map_err(Error::Unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Whom a client believes.
#[derive(Debug, Clone)]
pub enum Trust {
    /// Whoever the system believes, and these authorities too.
    System(Vec<CertificateDer<'static>>),
    /// These authorities and nobody else.
    Only(Vec<CertificateDer<'static>>),
    /// Nobody: for a client that will not speak TLS, and reads no trust store for it.
    Nobody,
}

/// What a client needs to believe whom `trust` names.
///
/// # Errors
/// A root is malformed, or the system has none.
pub fn client_config(trust: &Trust) -> Result<ClientConfig, Error> {
    let provider = provider();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(Error::Unusable)?;
    let builder = match trust {
        Trust::Nobody => builder.with_root_certificates(RootCertStore::empty()),
        Trust::Only(roots) => builder.with_root_certificates(store(roots)?),
        Trust::System(extra) => {
            let system = rustls_platform_verifier::Verifier::new_with_extra_roots(extra.clone(), Arc::clone(&provider));
            match system {
                Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
                // A small container may have no roots at all; the lesson's own still counts.
                Err(_) if !extra.is_empty() => builder.with_root_certificates(store(extra)?),
                Err(error) => return Err(Error::NoRoots(error)),
            }
        }
    };
    Ok(builder.with_no_client_auth())
}

fn store(roots: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).map_err(Error::Unusable)?;
    }
    Ok(store)
}

/// Whether a client that trusts only `root` would believe `identity` to be `name` at `time`.
pub(crate) fn would_be_believed(
    root: &CertificateDer<'static>,
    identity: &Identity,
    name: &str,
    time: rustls::pki_types::UnixTime,
) -> bool {
    use rustls::client::danger::ServerCertVerifier as _;
    use rustls::sign::CertifiedKey;

    let provider = provider();
    let Ok(roots) = store(std::slice::from_ref(root)) else { return false };
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()
    else {
        return false;
    };
    let Ok(name) = rustls::pki_types::ServerName::try_from(name) else { return false };
    let Some((own, others)) = identity.chain.split_first() else { return false };
    // `from_der` also sees to it that the key belongs to the certificate.
    CertifiedKey::from_der(identity.chain.clone(), identity.key.clone_key(), &provider).is_ok()
        && verifier.verify_server_cert(own, others, &name, &[], time).is_ok()
}

/// Why a handshake came to nothing.
pub(super) fn explain(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidMessage(_)) => {
            "what the client sent is not TLS (http:// instead of https://?)".into()
        }
        Some(rustls::Error::AlertReceived(alert)) => format!("the client refused ({alert:?})"),
        _ if error.kind() == io::ErrorKind::UnexpectedEof => "the client went away".into(),
        _ => super::printable::one_line(&error.to_string()),
    }
}
