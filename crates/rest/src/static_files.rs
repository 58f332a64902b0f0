//! Pages that are embedded in the binary.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use protocol::ErrorCode;
use ring::digest;

use crate::envelope::Failure;
use crate::state::Shared;

/// Files by their path below `/play/`; `index.html` stands for the folder itself.
#[derive(Clone, Default)]
pub struct StaticFiles {
    files: Arc<HashMap<&'static str, File>>,
}

struct File {
    content_type: &'static str,
    bytes: &'static [u8],
    etag: String,
}

impl StaticFiles {
    /// Each is (path, content type, bytes).
    pub fn new(files: &'static [(&'static str, &'static str, &'static [u8])]) -> StaticFiles {
        let entry = |(path, content_type, bytes): &(&'static str, &'static str, &'static [u8])| {
            (*path, File { content_type, bytes, etag: etag(bytes) })
        };
        StaticFiles { files: Arc::new(files.iter().map(entry).collect()) }
    }
}

impl fmt::Debug for StaticFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.files.keys()).finish()
    }
}

/// `/play` → `/play/`, so that the page's relative links point below it.
pub(crate) async fn to_folder(uri: Uri) -> Response {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, format!("/play/{query}"))]).into_response()
}

pub(crate) async fn serve(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    // Looked up in a table, never on a disk: there is no path to climb out of.
    let path = match uri.path().strip_prefix("/play/") {
        Some("") => "index.html",
        path => path.unwrap_or_default(),
    };
    let Some(file) = shared.rest.config.pages.files.get(path) else {
        return Failure::from(ErrorCode::NotFound).into_response();
    };
    // Browsers ask again every time and mostly hear 304: a new binary shows at once.
    let always = [(header::ETAG, file.etag.as_str()), (header::CACHE_CONTROL, "no-cache")];
    if has(&headers, &file.etag) {
        return (StatusCode::NOT_MODIFIED, always).into_response();
    }
    let of_content = [(header::CONTENT_TYPE, file.content_type), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (always, of_content, file.bytes).into_response()
}

fn has(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|known| {
        let known = known.trim();
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag
    })
}

fn etag(bytes: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, bytes);
    let mut etag = String::from("\"");
    for byte in &digest.as_ref()[..12] {
        // Writing to a String cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}
