//! Every session of this gateway, by id and by player.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use clock::{Chance, Moment};
use link::{Consumer, Consumers};
use model::{AppId, Build, PlayerId, SessionId};
use protocol::messages;

use super::{Session, SessionLimits};

/// Who a new session is for.
pub struct NewSession {
    pub app: AppId,
    pub player: PlayerId,
    pub name: String,
    pub build: Build,
    pub device: String,
    pub family: String,
    pub number: u32,
}

/// A new session, and the one whose place it took.
pub struct Opened {
    pub session: Arc<Session>,
    pub replaced: Option<Arc<Session>>,
}

/// All sessions. A player has at most one: the newer login wins.
pub struct Sessions {
    limits: SessionLimits,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_id: HashMap<SessionId, Arc<Session>>,
    by_player: HashMap<(AppId, PlayerId), Arc<Session>>,
    /// Sessions in the order in which they lost their connections.
    lost: VecDeque<(Moment, SessionId)>,
}

impl Sessions {
    pub fn new(limits: SessionLimits) -> Sessions {
        Sessions { limits, inner: Mutex::default() }
    }

    /// Makes a session and gives back the one that it replaces, which stays known by its id until it expires.
    ///
    /// `None` if the player has a session of a higher number already: a stalled login does not throw out a newer one.
    pub fn open(&self, new: NewSession) -> Option<Opened> {
        let session = Arc::new(Session {
            id: SessionId::new(Chance::system().name(20)),
            app: new.app,
            player: new.player,
            name: new.name,
            build: new.build,
            device: new.device,
            family: new.family,
            number: new.number,
            limits: self.limits,
            connection: ArcSwapOption::empty(),
            state: Mutex::default(),
        });
        let mut inner = self.lock();
        let player = (session.app.clone(), session.player.clone());
        if inner.by_player.get(&player).is_some_and(|known| known.number > session.number) {
            return None;
        }
        let replaced = inner.by_player.insert(player, session.clone());
        inner.by_id.insert(session.id, session.clone());
        Some(Opened { session, replaced })
    }

    pub fn get(&self, id: &SessionId) -> Option<Arc<Session>> {
        self.lock().by_id.get(id).cloned()
    }

    /// Remembers when a session lost its connection; see [`Sessions::expired`].
    pub fn note_lost(&self, session: &Session, at: Moment) {
        self.lock().lost.push_back((at, session.id));
    }

    /// Ends and takes out the sessions that lost their connection at least `window` ago and did not come back.
    pub fn expired(&self, now: Moment, window: Duration) -> Vec<Arc<Session>> {
        let mut inner = self.lock();
        let mut expired = Vec::new();
        while let Some((_, id)) = inner.lost.pop_front_if(|(lost_at, _)| now.since(*lost_at) >= window) {
            let Some(session) = inner.by_id.get(&id).cloned() else { continue };
            // Back meanwhile, or lost again: a later entry stands for it.
            if session.end_if_lost(now, window) {
                inner.forget(&session);
                expired.push(session);
            }
        }
        expired
    }

    /// Forgets a session that has ended.
    pub fn remove(&self, session: &Arc<Session>) {
        self.lock().forget(session);
    }

    pub fn all(&self) -> Vec<Arc<Session>> {
        self.lock().by_id.values().cloned().collect()
    }

    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A push to one session; nothing happens if it is gone.
    pub fn push(&self, id: &SessionId, event: messages::push::Event) {
        if let Some(session) = self.get(id) {
            session.push(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self, session: &Arc<Session>) {
        self.by_id.remove(&session.id);
        let player = (session.app.clone(), session.player.clone());
        if self.by_player.get(&player).is_some_and(|known| Arc::ptr_eq(known, session)) {
            self.by_player.remove(&player);
        }
    }
}

impl Consumers for Sessions {
    fn find(&self, session: &SessionId) -> Option<Arc<dyn Consumer>> {
        self.get(session).map(|session| session as Arc<dyn Consumer>)
    }
}
