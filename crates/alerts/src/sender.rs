//! The threads: one groups, one for each channel sends.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::Duration;

use clock::{Chance, Clock, Moment};

use crate::alerts::AlertsConfig;
use crate::channels::Channel;
use crate::grouping::Grouping;
use crate::http::{self, Refusal};
use crate::incident::{Incident, Kind};
use crate::message::{Message, Setting};
use crate::outbox::{Next, Outbox};

/// What the handle says to the grouping thread.
#[derive(Debug)]
pub(crate) enum Event {
    Raise(Incident),
    Resolve(Kind, String),
    /// Send what waits, for at most this long, and end.
    Stop(Duration),
}

/// Longest sleep of a thread that waits for nothing.
const IDLE: Duration = Duration::from_secs(3600);

/// The receiver hears once all threads have ended: its sender is dropped, or a word comes.
pub(crate) fn start(
    config: AlertsConfig,
    clock: Clock,
    chance: Chance,
    events: Receiver<Event>,
) -> io::Result<Receiver<()>> {
    let (ended, all_ended) = channel();
    let setting = Setting { node: config.node, runbooks: config.runbooks };
    let mut posts = Vec::new();
    for channel in config.channels {
        let (post, messages) = std::sync::mpsc::channel();
        let sender = ChannelSender {
            outbox: Outbox::new(channel.per_minute()),
            channel,
            setting: setting.clone(),
            clock: clock.clone(),
            chance: chance.clone(),
            messages,
            until: None,
        };
        let ended: Sender<()> = ended.clone();
        let run = move || {
            sender.run();
            drop(ended);
        };
        Builder::new().name(format!("alerts-{}", posts.len())).spawn(run)?;
        posts.push(post);
    }
    let grouping = Grouping::new(config.window, config.settle);
    let run = move || {
        group(grouping, &clock, &events, &posts);
        drop(ended);
    };
    Builder::new().name("alerts".into()).spawn(run)?;
    Ok(all_ended)
}

/// One try to send one message.
pub(crate) fn send(
    agent: &ureq::Agent,
    channel: &Channel,
    message: &Message,
    setting: &Setting,
    wall_ms: u64,
) -> Result<(), Refusal> {
    let answer = http::post(agent, &channel.request(message, setting, wall_ms))?;
    channel.understand(&answer)
}

/// What a channel's thread is told.
enum Post {
    Message(Message),
    Stop(Duration),
}

fn group(mut grouping: Grouping, clock: &Clock, events: &Receiver<Event>, posts: &[Sender<Post>]) {
    loop {
        let pause = grouping.next().map_or(IDLE, |next| next.since(clock.now()));
        let event = match events.recv_timeout(pause) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            // The last handle is gone: what waits is sent in the channels' own time.
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let now = clock.now();
        let mut messages = Vec::new();
        match event {
            Some(Event::Raise(incident)) => messages.extend(grouping.raise(incident, now)),
            Some(Event::Resolve(kind, fingerprint)) => grouping.resolve(kind, &fingerprint, now),
            Some(Event::Stop(within)) => {
                for post in posts {
                    // A channel's thread that is gone needs no word.
                    let _ = post.send(Post::Stop(within));
                }
                return;
            }
            None => {}
        }
        messages.extend(grouping.tick(now));
        for message in messages {
            log(&message);
            for post in posts {
                let _ = post.send(Post::Message(message.clone()));
            }
        }
    }
}

fn log(message: &Message) {
    let incident = &message.incident;
    tracing::warn!(
        event = "alert",
        state = message.state.name(),
        kind = incident.kind.name(),
        severity = incident.severity.name(),
        fingerprint = incident.fingerprint,
        count = message.count,
        effect = incident.effect,
        "{}",
        incident.title
    );
}

struct ChannelSender {
    channel: Channel,
    setting: Setting,
    clock: Clock,
    chance: Chance,
    outbox: Outbox,
    messages: Receiver<Post>,
    /// Set once the thread has been told to end.
    until: Option<Moment>,
}

impl ChannelSender {
    fn run(mut self) {
        let agent = http::agent();
        loop {
            let now = self.clock.now();
            if self.until.is_some_and(|until| now >= until || self.outbox.is_empty()) {
                return;
            }
            let pause = match self.outbox.next(now) {
                Next::Send(message) => {
                    self.try_once(&agent, &message);
                    Duration::ZERO
                }
                Next::At(at) => at.since(now),
                Next::Idle => IDLE,
            };
            let pause = self.until.map_or(pause, |until| pause.min(until.since(now)));
            match self.messages.recv_timeout(pause) {
                Ok(Post::Message(message)) => self.outbox.push(message),
                Ok(Post::Stop(within)) => self.until = Some(self.clock.now() + within),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.outbox.is_empty() => return,
                // Nothing more comes: only the pauses between tries are left, and the receiver no longer waits.
                Err(RecvTimeoutError::Disconnected) => std::thread::park_timeout(pause),
            }
        }
    }

    fn try_once(&mut self, agent: &ureq::Agent, message: &Message) {
        let outcome = send(agent, &self.channel, message, &self.setting, self.clock.wall_ms());
        let now = self.clock.now();
        let channel = self.channel.name();
        match outcome {
            Ok(()) => {
                self.outbox.sent(now);
                let lost = self.outbox.take_lost();
                if lost > 0 {
                    tracing::error!(event = "alerts_lost", channel, lost, "messages never arrived");
                }
            }
            Err(Refusal { why, wait }) => {
                let lost = self.outbox.failed(now, wait, &mut self.chance);
                tracing::warn!(event = "alert_not_sent", channel, why, given_up = lost);
            }
        }
    }
}
