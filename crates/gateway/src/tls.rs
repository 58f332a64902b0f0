//! TLS by configuration, with certificates that are read again when their files change.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

/// Where the certificate chain and its key stand, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: PathBuf, reason: String },
    #[error("certificate and key do not work together: {0}")]
    Unusable(#[from] rustls::Error),
}

/// The certificates in use.
pub struct TlsAcceptor {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
    read_at: ArcSwap<[Option<SystemTime>; 2]>,
}

impl TlsAcceptor {
    pub fn new(files: TlsFiles) -> Result<TlsAcceptor, TlsError> {
        let config = read_config(&files)?;
        let read_at = ArcSwap::from_pointee(changed_at(&files));
        Ok(TlsAcceptor { files, config: ArcSwap::from_pointee(config), read_at })
    }

    /// Begins the server's side of a connection.
    pub fn accept(&self) -> Result<Box<ServerConnection>, TlsError> {
        Ok(Box::new(ServerConnection::new(self.config.load_full())?))
    }

    /// Reads the files again if they have changed; connections that are open keep what they have.
    ///
    /// # Errors
    /// What is wrong with the new files; the old certificates stay in use.
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let changed_at = changed_at(&self.files);
        if **self.read_at.load() == changed_at {
            return Ok(false);
        }
        let config = read_config(&self.files)?;
        self.config.store(Arc::new(config));
        self.read_at.store(Arc::new(changed_at));
        Ok(true)
    }
}

fn changed_at(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|path| path.metadata().and_then(|data| data.modified()).ok())
}

fn read_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let unreadable = |path: &PathBuf, reason: String| TlsError::Unreadable { path: path.clone(), reason };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| unreadable(&files.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_no_client_auth().with_single_cert(chain, key)?)
}

/// Reads decrypted bytes. `Ok(0)` is the end.
pub fn read(tls: &mut ServerConnection, socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match tls.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // The peer ended without a farewell: for us an end like any other.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
            other => return other,
        }
        if tls.read_tls(&mut &*socket)? == 0 {
            return Ok(0);
        }
        if let Err(error) = tls.process_new_packets() {
            let _ = tls.write_tls(&mut &*socket);
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        while tls.wants_write() {
            match tls.write_tls(&mut &*socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Encrypts and writes; answers how much plain text was taken.
pub fn write(tls: &mut ServerConnection, socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    while tls.wants_write() {
        tls.write_tls(&mut &*socket)?;
    }
    tls.writer().write(bytes)
}
