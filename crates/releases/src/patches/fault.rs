//! Why an operator does not get what was asked for.

use crate::bundle::BadBundle;
use crate::catalog::CatalogError;
use crate::module_shape::BadModule;
use crate::trust::{BadTrust, NotTrusted};

/// Sentences that an operator can act on.
#[derive(Debug, thiserror::Error)]
pub enum PatchFault {
    #[error("{0}")]
    Bundle(#[from] BadBundle),
    #[error("{0}")]
    NotTrusted(#[from] NotTrusted),
    #[error("{0}")]
    Trust(#[from] BadTrust),
    #[error("{0}")]
    Module(#[from] BadModule),
    #[error("the engine refuses the module: {0}")]
    Engine(String),
    #[error("the bundle does not fit: {0}")]
    WrongBase(String),
    #[error("{0}")]
    NotNow(String),
    #[error("there is no game {0} on this server")]
    UnknownGame(String),
    #[error("{0}")]
    Catalog(#[from] CatalogError),
}

impl PatchFault {
    /// The server's own trouble rather than the operator's.
    pub fn is_ours(&self) -> bool {
        matches!(
            self,
            PatchFault::Trust(_)
                | PatchFault::Catalog(
                    CatalogError::Io { .. }
                        | CatalogError::Damaged { .. }
                        | CatalogError::Contradiction { .. }
                )
        )
    }
}
