//! Who asks, and from where.

use std::sync::Arc;

use accounts::AccessClaims;
use admission::ClientAddress;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use protocol::{ErrorCode, Fault};

use crate::envelope::Failure;
use crate::server::Peer;
use crate::state::Shared;

/// The player whose access token came in the header `Authorization: Bearer …`.
///
/// Absent or expired is 401, anything else that is wrong 403 (docs/login.md).
pub(crate) struct Caller(pub(crate) AccessClaims);

/// The access token itself, unchecked.
pub(crate) struct BearerToken(pub(crate) String);

/// The client's address, behind listed proxies too.
pub(crate) struct Address(pub(crate) ClientAddress);

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Caller, Failure> {
        let token = bearer(&parts.headers).ok_or_else(no_token)?;
        Ok(Caller(shared.rest.accounts.verify_access(token)?))
    }
}

impl FromRequestParts<Arc<Shared>> for BearerToken {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<BearerToken, Failure> {
        Ok(BearerToken(bearer(&parts.headers).ok_or_else(no_token)?.to_owned()))
    }
}

impl FromRequestParts<Arc<Shared>> for Address {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Address, Failure> {
        let peer = parts.extensions.get::<Peer>().copied();
        client_address(peer, &parts.headers, shared).map(Address).ok_or_else(|| ErrorCode::Internal.into())
    }
}

/// None if the connection was driven by something other than [`crate::HttpServer`].
pub(crate) fn client_address(
    peer: Option<Peer>,
    headers: &HeaderMap,
    shared: &Shared,
) -> Option<ClientAddress> {
    let Peer { ip, told } = peer?;
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let forwarded_for = values.collect::<Vec<_>>().join(",");
    let forwarded_for = (!forwarded_for.is_empty()).then_some(forwarded_for.as_str());
    Some(shared.rest.proxies.client_address(ip, told, forwarded_for))
}

/// The token of `Authorization: Bearer <token>`; another scheme counts as no token.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn no_token() -> Failure {
    Failure(Fault::new(ErrorCode::NotLoggedIn, "This needs the header Authorization: Bearer <access token>."))
}
