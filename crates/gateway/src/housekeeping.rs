//! What a gateway does about once a second, whoever is connected: sessions expire, certificates are read again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::services::Services;

const EVERY: Duration = Duration::from_secs(1);

/// Runs until the other end of `stop` is dropped.
pub fn keep_house(services: &Arc<Services>, stop: &Receiver<()>) {
    while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(EVERY) {
        expire_sessions(services);
        reload_certificates(services);
        services.metrics.gateway.sessions.set(services.sessions.len() as i64);
    }
}

fn expire_sessions(services: &Services) {
    for session in services.sessions.expired(services.clock.now(), services.config.resume_window) {
        tracing::debug!(event = "session_expired", app = %session.app, player = %session.player,
            session = %session.id);
        services.matchmaking.gone(&session.id);
    }
}

fn reload_certificates(services: &Services) {
    let Some(tls) = &services.tls else { return };
    match tls.reload_if_changed() {
        Ok(true) => {
            tracing::info!(event = "certificates_reloaded", "new connections get the new certificates")
        }
        Ok(false) => {}
        Err(error) => {
            tracing::error!(event = "certificates_unusable", %error, "the old certificates stay in use");
        }
    }
}
