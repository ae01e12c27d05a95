//! The lesson's own certificate authority: made on first use, kept for the next.
//!
//! It can vouch for this machine's loopback names and for nothing else, so that trusting it
//! endangers nobody. Whom a client trusts is not its business.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use super::tls::{self, Identity};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority lasts: longer than any lesson.
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * DAY.as_secs());
/// How long a server certificate lasts: what browsers accept at most is 398 days.
const SERVER_LIFE: Duration = Duration::from_secs(365 * DAY.as_secs());
/// A certificate with less than this left is renewed.
const RENEWAL: Duration = Duration::from_secs(30 * DAY.as_secs());

/// The authority's public certificate: the file for `--ca`, and for a browser's or curl's trust.
const AUTHORITY_CERTIFICATE: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca-key.pem";
const SERVER_CERTIFICATE: &str = "server.pem";
const SERVER_KEY: &str = "server-key.pem";

/// The name in a certificate made here; the others are the loopback addresses.
pub const NAME: &str = "localhost";

/// Why there is no authority.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nowhere to keep it.
    #[error("there is no folder for the lesson's certificates, since no home folder is known; set XDG_DATA_HOME")]
    NoHome,
    /// A file or folder refused.
    #[error("cannot {action} {}: {cause}", path.display())]
    File {
        /// What was tried: `read`, `write`, `lock`, `make`.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The files there do not belong together or cannot be read as what they should be.
    #[error("the lesson's authority in {} is damaged ({what}); remove that folder, and a new one is made", path.display())]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// Certificates could not be made.
    #[error("cannot make the lesson's certificates: {0}")]
    Make(#[from] rcgen::Error),
}

/// The authority and a server certificate it signed, ready for use.
#[derive(Debug)]
pub struct Authority {
    /// The authority's own certificate: what a client has to trust.
    pub certificate: CertificateDer<'static>,
    /// What the server shows.
    pub server: Identity,
    /// Where `certificate` is kept as PEM, unless in memory only.
    pub path: Option<PathBuf>,
    /// Whether the authority was made just now.
    pub is_new: bool,
}

/// The folder in which the authority is kept: `plainsight/authority` in the user's data folder
/// (`$XDG_DATA_HOME`, or `~/.local/share`).
///
/// # Errors
/// No home folder is known.
pub fn folder() -> Result<PathBuf, Error> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::choose_base_strategy().map_err(|_| Error::NoHome)?;
    Ok(strategy.data_dir().join("plainsight").join("authority"))
}

/// The authority's certificate and its file, if one was ever made in `folder`.
///
/// # Errors
/// There is one and it cannot be read.
pub fn certificate_in(folder: &Path) -> Result<Option<(PathBuf, CertificateDer<'static>)>, Error> {
    let path = folder.join(AUTHORITY_CERTIFICATE);
    match fs::read(&path) {
        Ok(pem) => {
            let damaged =
                |e: rustls::pki_types::pem::Error| Error::Damaged { path: folder.into(), what: e.to_string() };
            Ok(Some((path, CertificateDer::from_pem_slice(&pem).map_err(damaged)?)))
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(Error::File { action: "read", path, cause }),
    }
}

impl Authority {
    /// An authority that lives as long as this value: for a lesson that leaves nothing behind.
    ///
    /// # Errors
    /// The certificates could not be made.
    pub fn in_memory() -> Result<Self, Error> {
        let now = SystemTime::now();
        let authority = make_authority(now)?;
        let server = make_server(&Issuer::from_ca_cert_der(&authority.der, authority.key)?, now)?.identity()?;
        Ok(Self { certificate: authority.der, server, path: None, is_new: true })
    }

    /// The authority kept in `folder`; made on first use, and its server certificate renewed in
    /// time. Several processes may do this at once.
    ///
    /// The folder and the keys in it are the owner's alone from their first instant.
    ///
    /// # Errors
    /// The folder refuses, or what is in it is damaged.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        make_folder(folder)?;
        let _lock = lock(folder)?;
        let now = SystemTime::now();
        let path = folder.join(AUTHORITY_CERTIFICATE);

        let kept = read_authority(folder, now)?;
        let is_new = kept.is_none();
        let (certificate, key) = if let Some(kept) = kept {
            kept
        } else {
            let made = make_authority(now)?;
            made.keep(&path, &folder.join(AUTHORITY_KEY))?;
            (made.der, made.key)
        };
        let server = if let Some(kept) = read_server(folder, &certificate, now) {
            kept
        } else {
            let made = make_server(&Issuer::from_ca_cert_der(&certificate, key)?, now)?;
            made.keep(&folder.join(SERVER_CERTIFICATE), &folder.join(SERVER_KEY))?;
            made.identity()?
        };
        Ok(Self { certificate, server, path: Some(path), is_new })
    }
}

/// A certificate made just now, and its key.
struct Made {
    der: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Made {
    fn new(certificate: &rcgen::Certificate, key: KeyPair) -> Self {
        Self { der: certificate.der().clone(), pem: certificate.pem(), key }
    }

    /// The key first: a certificate without its key would look whole and be useless.
    fn keep(&self, certificate: &Path, key: &Path) -> Result<(), Error> {
        write(key, &self.key.serialize_pem(), Readers::Owner)?;
        write(certificate, &self.pem, Readers::Everyone)
    }

    fn identity(&self) -> Result<Identity, Error> {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).map_err(|_| rcgen::Error::CouldNotParseKeyPair)?;
        Ok(Identity { chain: vec![self.der.clone()], key })
    }
}

fn make_authority(now: SystemTime) -> Result<Made, Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "plainsight lesson (this machine only)");
    params.not_before = (now - DAY).into();
    params.not_after = (now + AUTHORITY_LIFE).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // RFC 5280, section 4.2.1.10: whoever trusts this authority trusts it for loopback alone.
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName(NAME.into()),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv4Addr::LOCALHOST.into(), 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(Ipv6Addr::LOCALHOST.into(), 128)),
        ],
        excluded_subtrees: vec![],
    });
    Ok(Made::new(&params.self_signed(&key)?, key))
}

fn make_server(issuer: &Issuer<'_, KeyPair>, now: SystemTime) -> Result<Made, Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(vec![
        NAME.to_owned(),
        IpAddr::from(Ipv4Addr::LOCALHOST).to_string(),
        IpAddr::from(Ipv6Addr::LOCALHOST).to_string(),
    ])?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.not_before = (now - DAY).into();
    params.not_after = (now + SERVER_LIFE).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(Made::new(&params.signed_by(&key, issuer)?, key))
}

/// What is kept in `folder`, or nothing if there is none yet or it is about to expire.
fn read_authority(folder: &Path, now: SystemTime) -> Result<Option<(CertificateDer<'static>, KeyPair)>, Error> {
    let damaged = |what: String| Error::Damaged { path: folder.into(), what };
    let Some((_, certificate)) = certificate_in(folder)? else { return Ok(None) };
    let key_path = folder.join(AUTHORITY_KEY);
    let key = fs::read_to_string(&key_path).map_err(|cause| match cause.kind() {
        io::ErrorKind::NotFound => damaged(format!("{AUTHORITY_KEY} is missing")),
        _ => Error::File { action: "read", path: key_path, cause },
    })?;
    let key = KeyPair::from_pem(&key).map_err(|e| damaged(format!("{AUTHORITY_KEY}: {e}")))?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate)
        .map_err(|e| damaged(format!("{AUTHORITY_CERTIFICATE}: {e}")))?;
    if parsed.public_key().subject_public_key.data != key.public_key_raw() {
        return Err(damaged(format!("{AUTHORITY_KEY} is not the key to {AUTHORITY_CERTIFICATE}")));
    }
    let needed_until = (now + RENEWAL).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let expires = u64::try_from(parsed.validity().not_after.timestamp()).unwrap_or(0);
    Ok((expires > needed_until).then_some((certificate, key)))
}

/// The server certificate kept in `folder`, if a client would still believe it for a while.
fn read_server(folder: &Path, authority: &CertificateDer<'static>, now: SystemTime) -> Option<Identity> {
    let identity = Identity::from_files(&folder.join(SERVER_CERTIFICATE), &folder.join(SERVER_KEY)).ok()?;
    let good_at = |time: SystemTime| {
        let time = UnixTime::since_unix_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
        tls::would_be_believed(authority, &identity, NAME, time)
    };
    (good_at(now) && good_at(now + RENEWAL)).then_some(identity)
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    let failed = |cause| Error::File { action: "make", path: folder.into(), cause };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(failed)?;
    // One that was there already may be wider open.
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).map_err(failed)?;
    Ok(())
}

/// Held while the folder is read and written, so that two first uses make one authority.
#[cfg(unix)]
fn lock(folder: &Path) -> Result<nix::fcntl::Flock<File>, Error> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.join("lock");
    let failed = |cause| Error::File { action: "lock", path: path.clone(), cause };
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive).map_err(|(_, errno)| failed(errno.into()))
}

#[cfg(not(unix))]
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    File::create(&path).map_err(|cause| Error::File { action: "lock", path, cause })
}

#[derive(Clone, Copy, PartialEq)]
enum Readers {
    Owner,
    Everyone,
}

/// Writes the whole file or nothing: a temporary one beside it takes its place.
fn write(path: &Path, text: &str, readers: Readers) -> Result<(), Error> {
    let failed = |cause| Error::File { action: "write", path: path.into(), cause };
    let mut builder = tempfile::Builder::new();
    // The mode is given to open(2) itself: a key is never readable by others, not for an instant.
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match readers {
        Readers::Owner => 0o600,
        Readers::Everyone => 0o644,
    }));
    #[cfg(not(unix))]
    let _ = readers;
    let mut file = builder.tempfile_in(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(time: SystemTime) -> UnixTime {
        UnixTime::since_unix_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap())
    }

    /// A server certificate for `names` by the authority that `make_authority` makes.
    fn sign(names: &[&str]) -> (CertificateDer<'static>, Identity) {
        let now = SystemTime::now();
        let authority = make_authority(now).unwrap();
        let issuer = Issuer::from_ca_cert_der(&authority.der, authority.key).unwrap();
        let key = KeyPair::generate().unwrap();
        let names: Vec<_> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = (now - DAY).into();
        params.not_after = (now + DAY).into();
        let made = Made::new(&params.signed_by(&key, &issuer).unwrap(), key);
        (authority.der, made.identity().unwrap())
    }

    #[test]
    fn is_believed_for_this_machine() {
        let made = Authority::in_memory().unwrap();
        for name in ["localhost", "127.0.0.1", "::1"] {
            assert!(tls::would_be_believed(&made.certificate, &made.server, name, at(SystemTime::now())), "{name}");
        }
        for name in ["example.org", "127.0.0.2"] {
            assert!(!tls::would_be_believed(&made.certificate, &made.server, name, at(SystemTime::now())), "{name}");
        }
    }

    #[test]
    fn cannot_vouch_for_anyone_else() {
        let cases = [
            ("localhost", true),
            ("127.0.0.2", true),
            ("example.org", false),
            ("localhost.example.org", false),
            ("192.168.1.1", false),
            ("::2", false),
        ];
        for (name, believed) in cases {
            let (authority, server) = sign(&[name]);
            assert_eq!(tls::would_be_believed(&authority, &server, name, at(SystemTime::now())), believed, "{name}");
        }
        let (authority, both) = sign(&["localhost", "example.org"]);
        assert!(!tls::would_be_believed(&authority, &both, "localhost", at(SystemTime::now())));
    }

    #[test]
    fn is_kept() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("a/b");
        assert_eq!(certificate_in(&folder).unwrap(), None);
        let first = Authority::open(&folder).unwrap();
        let second = Authority::open(&folder).unwrap();
        assert!(first.is_new && !second.is_new);
        assert_eq!(first.certificate, second.certificate);
        assert_eq!(first.server.chain, second.server.chain);
        let (path, certificate) = certificate_in(&folder).unwrap().unwrap();
        assert_eq!((Some(path), certificate), (first.path, first.certificate));
    }

    #[cfg(unix)]
    #[test]
    fn is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("authority");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        Authority::open(&folder).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(AUTHORITY_KEY)), 0o600);
        assert_eq!(mode(&folder.join(SERVER_KEY)), 0o600);
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, 5, "two certificates, two keys, the lock, and no temporary file");
    }

    #[test]
    fn many_first_uses_make_one_authority() {
        let data = tempfile::tempdir().unwrap();
        let open = || Authority::open(data.path()).unwrap();
        let made: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(made.iter().filter(|a| a.is_new).count(), 1);
        for authority in &made {
            assert_eq!(authority.certificate, made[0].certificate);
            assert!(tls::would_be_believed(&authority.certificate, &authority.server, NAME, at(SystemTime::now())));
        }
    }

    #[test]
    fn what_is_about_to_expire_is_renewed() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path();
        let keep = |authority_age: Duration, server_age: Duration| {
            let now = SystemTime::now();
            let authority = make_authority(now - authority_age).unwrap();
            authority.keep(&folder.join(AUTHORITY_CERTIFICATE), &folder.join(AUTHORITY_KEY)).unwrap();
            let issuer = Issuer::from_ca_cert_der(&authority.der, authority.key).unwrap();
            let server = make_server(&issuer, now - server_age).unwrap();
            server.keep(&folder.join(SERVER_CERTIFICATE), &folder.join(SERVER_KEY)).unwrap();
            (authority.der, server.der)
        };
        let cases = [
            // (days old: authority, server) → is each kept?
            ((0, 0), (true, true)),
            ((300, 334), (true, true)),
            ((300, 336), (true, false)),
            ((300, 400), (true, false)),
            ((3621, 0), (false, false)),
        ];
        for ((authority_days, server_days), (authority_kept, server_kept)) in cases {
            let (authority, server) = keep(DAY * authority_days, DAY * server_days);
            let opened = Authority::open(folder).unwrap();
            assert_eq!(opened.certificate == authority, authority_kept, "authority of {authority_days} days");
            assert_eq!(opened.server.chain == [server], server_kept, "server of {server_days} days");
            assert!(tls::would_be_believed(&opened.certificate, &opened.server, NAME, at(SystemTime::now() + RENEWAL)));
        }
    }

    #[test]
    fn a_lost_server_key_is_made_anew_and_a_lost_authority_key_reported() {
        let data = tempfile::tempdir().unwrap();
        let first = Authority::open(data.path()).unwrap();
        fs::remove_file(data.path().join(SERVER_KEY)).unwrap();
        let second = Authority::open(data.path()).unwrap();
        assert_eq!(first.certificate, second.certificate);
        assert!(tls::would_be_believed(&second.certificate, &second.server, NAME, at(SystemTime::now())));

        let other = KeyPair::generate().unwrap().serialize_pem();
        for (damage, said) in [(Some(other.as_str()), "is not the key"), (Some("x"), AUTHORITY_KEY), (None, "missing")]
        {
            match damage {
                Some(text) => fs::write(data.path().join(AUTHORITY_KEY), text).unwrap(),
                None => fs::remove_file(data.path().join(AUTHORITY_KEY)).unwrap(),
            }
            let message = Authority::open(data.path()).unwrap_err().to_string();
            assert!(message.contains("damaged") && message.contains(said), "{message}");
        }
    }
}
