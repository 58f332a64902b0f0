//! Certificates.

use std::path::PathBuf;

use crate::config::section::section;

section! {
    /// TLS on the addresses of `http` and `tcp`, where both files are given. They are read again when they change.
    pub struct TlsSection(_profile) {
        /// PEM file of the certificate chain.
        pub cert: Option<PathBuf> = None,
        /// PEM file of its private key.
        pub key: Option<PathBuf> = None,
    }
}
