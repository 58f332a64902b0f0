//! The handle that everybody raises incidents with.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use clock::{Chance, Clock};

use crate::channels::Channel;
use crate::http;
use crate::incident::{Incident, Kind};
use crate::message::{Message, Setting};
use crate::sender::{self, Event};

/// Events that wait for the alerts' thread; beyond them they are only logged.
const EVENTS_MAX: usize = 1024;

#[derive(Clone, Debug)]
pub struct AlertsConfig {
    pub channels: Vec<Channel>,
    /// Equal incidents within it are one message.
    pub window: Duration,
    /// How long an incident has to stay over before that is said.
    pub settle: Duration,
    /// The server's name in messages.
    pub node: String,
    /// Address of the folder of runbook pages; empty: pages are named by their file.
    pub runbooks: String,
}

impl Default for AlertsConfig {
    fn default() -> AlertsConfig {
        AlertsConfig {
            channels: Vec::new(),
            window: Duration::from_secs(300),
            settle: Duration::from_secs(30),
            node: String::new(),
            runbooks: String::new(),
        }
    }
}

/// Raises incidents from any thread; never blocks. Clones share the threads. Without channels incidents are log lines.
#[derive(Clone, Debug)]
pub struct Alerts {
    events: SyncSender<Event>,
    stopped: Arc<std::sync::Mutex<Receiver<()>>>,
}

/// What became of one test message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub channel: &'static str,
    /// Why it did not arrive, in words without secrets.
    pub outcome: Result<(), String>,
}

impl Alerts {
    /// Starts the thread that groups and one for each channel.
    ///
    /// # Errors
    /// When threads cannot be started.
    pub fn start(config: AlertsConfig, clock: Clock, chance: Chance) -> std::io::Result<Alerts> {
        let (events, received) = sync_channel(EVENTS_MAX);
        let stopped = sender::start(config, clock, chance, received)?;
        Ok(Alerts { events, stopped: Arc::new(std::sync::Mutex::new(stopped)) })
    }

    pub fn raise(&self, incident: Incident) {
        self.post(Event::Raise(incident));
    }

    /// Says that an incident is over; nothing happens if it is not open.
    pub fn resolve(&self, kind: Kind, fingerprint: &str) {
        self.post(Event::Resolve(kind, fingerprint.to_owned()));
    }

    /// Sends what waits and ends the threads, for at most this long. What is raised afterwards is only logged.
    pub fn stop(&self, within: Duration) {
        self.post(Event::Stop(within));
        let stopped = self.stopped.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // An error says that the threads are gone already.
        let _ = stopped.recv_timeout(within);
    }

    /// Sends one message to each channel at once, past grouping and rates, and waits for the answers.
    pub fn try_channels(config: &AlertsConfig, clock: &Clock, message: &Message) -> Vec<Tried> {
        let agent = http::agent();
        let setting = Setting { node: config.node.clone(), runbooks: config.runbooks.clone() };
        let attempt = |channel: &Channel| {
            let outcome = sender::send(&agent, channel, message, &setting, clock.wall_ms());
            Tried { channel: channel.name(), outcome: outcome.map_err(|refusal| refusal.why) }
        };
        config.channels.iter().map(attempt).collect()
    }

    fn post(&self, event: Event) {
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(event) | TrySendError::Disconnected(event)) => {
                if let Event::Raise(incident) = event {
                    tracing::error!(
                        event = "alert_lost",
                        kind = incident.kind.name(),
                        title = incident.title,
                        "the alerts' thread is gone or far behind"
                    );
                }
            }
        }
    }
}
