//! What a room shall be: checked, with the defaults filled in.

use std::collections::{BTreeMap, BTreeSet};

use model::PlayerId;
use protocol::messages::{self, Durability, LateInput, RoomKind, StartRule};
use protocol::{ErrorCode, Fault};

use crate::limits;

/// A room's or a seat's properties.
pub type Properties = BTreeMap<String, String>;

/// A specification that is possible. Made from [`messages::RoomSpec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSpec {
    pub kind: RoomKind,
    pub mode: String,
    /// Bots included; they sit in the last ones.
    pub seats: u16,
    /// Seats, bots included, that must be taken for the start.
    pub min_players: u16,
    pub private: bool,
    pub late_join: bool,
    pub max_spectators: u16,
    pub life_limit_s: u32,
    pub properties: Properties,
    pub reserved_for: Vec<PlayerId>,
    pub bots: u16,
    pub start: StartRule,
    pub start_after_ms: u32,
    pub durability: Durability,
    /// Present exactly in lockstep rooms.
    pub lockstep: Option<LockstepSpec>,
    /// Present exactly in authoritative rooms.
    pub authoritative: Option<AuthoritativeSpec>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockstepSpec {
    pub tick_hz: u32,
    pub ticks_per_message: u32,
    pub late_input: LateInput,
    /// 0 only in a wish; a founded room has one.
    pub seed: u32,
    pub hash_every: u32,
    /// 0: never.
    pub last_tick: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthoritativeSpec {
    pub game: String,
    pub tick_hz: u32,
    /// 0 only in a wish; a founded room has one.
    pub seed: u32,
}

impl RoomSpec {
    /// A room that plays by a seed was given none.
    pub fn needs_seed(&self) -> bool {
        self.seed() == Some(0)
    }

    /// Takes this seed if one is needed; 0 is taken as 1.
    pub fn with_seed(mut self, drawn: u32) -> RoomSpec {
        let lockstep = self.lockstep.as_mut().map(|lockstep| &mut lockstep.seed);
        let authoritative = self.authoritative.as_mut().map(|authoritative| &mut authoritative.seed);
        if let Some(seed) = lockstep.or(authoritative).filter(|seed| **seed == 0) {
            *seed = drawn.max(1);
        }
        self
    }

    /// Is this what was wished for? A wish without seed is content with any.
    pub fn answers(&self, wish: &RoomSpec) -> bool {
        *self == wish.clone().with_seed(self.seed().unwrap_or(0))
    }

    /// `None` in a relay room.
    pub fn seed(&self) -> Option<u32> {
        let lockstep = self.lockstep.map(|lockstep| lockstep.seed);
        lockstep.or(self.authoritative.as_ref().map(|authoritative| authoritative.seed))
    }

    /// `None` where the room does not tick.
    pub fn tick_hz(&self) -> Option<u32> {
        let lockstep = self.lockstep.map(|lockstep| lockstep.tick_hz);
        lockstep.or(self.authoritative.as_ref().map(|authoritative| authoritative.tick_hz))
    }

    /// Microseconds from tick to tick; `None` where the room does not tick.
    pub fn period_us(&self) -> Option<u64> {
        self.tick_hz().map(|tick_hz| 1_000_000 / u64::from(tick_hz))
    }
}

impl TryFrom<messages::RoomSpec> for RoomSpec {
    type Error = Fault;

    fn try_from(wish: messages::RoomSpec) -> Result<RoomSpec, Fault> {
        let kind = RoomKind::try_from(wish.kind).map_err(|_| bad("the room kind is not known"))?;
        let start = StartRule::try_from(wish.start).map_err(|_| bad("the start rule is not known"))?;
        let durability =
            Durability::try_from(wish.durability).map_err(|_| bad("the durability level is not known"))?;
        within("seats", wish.seats, 1, limits::SEATS)?;
        if wish.bots >= wish.seats {
            return Err(bad("at least one seat must be for a player: bots must be fewer than seats"));
        }
        within("min_players", wish.min_players, 0, wish.seats)?;
        within("max_spectators", wish.max_spectators, 0, limits::SPECTATORS)?;
        within("life_limit_s", wish.life_limit_s, 0, limits::LIFE_LIMIT_S)?;
        within("start_after_ms", wish.start_after_ms, 0, limits::START_AFTER_MS)?;
        if start == StartRule::OnTime && wish.start_after_ms == 0 {
            return Err(bad("a room that starts on time needs start_after_ms"));
        }
        if wish.mode.len() > limits::MODE_BYTES {
            return Err(bad(format!("mode is longer than {} bytes", limits::MODE_BYTES)));
        }
        let lockstep = match (kind, wish.lockstep) {
            (RoomKind::Lockstep, given) => Some(LockstepSpec::try_from(given.unwrap_or_default())?),
            (_, None) => None,
            (RoomKind::Relay, Some(_)) => return Err(bad("a relay room has no lockstep part")),
            (RoomKind::Authoritative, Some(_)) => {
                return Err(bad("an authoritative room has no lockstep part"));
            }
        };
        let authoritative = match (kind, wish.authoritative) {
            (RoomKind::Authoritative, given) => Some(AuthoritativeSpec::try_from(given.unwrap_or_default())?),
            (_, None) => None,
            (_, Some(_)) => return Err(bad("only an authoritative room has an authoritative part")),
        };
        let properties = properties_of(wish.properties)?;
        check_properties(&properties, limits::ROOM_PROPERTIES_BYTES)
            .map_err(|fault| Fault { code: ErrorCode::BadSpec, ..fault })?;
        Ok(RoomSpec {
            kind,
            mode: wish.mode,
            seats: wish.seats as u16,
            min_players: or(wish.min_players, wish.seats) as u16,
            private: wish.private,
            late_join: wish.late_join,
            max_spectators: wish.max_spectators as u16,
            life_limit_s: or(wish.life_limit_s, limits::LIFE_LIMIT_DEFAULT_S),
            properties,
            reserved_for: reserved_for(wish.reserved_for, wish.seats - wish.bots)?,
            bots: wish.bots as u16,
            start,
            start_after_ms: wish.start_after_ms,
            durability,
            lockstep,
            authoritative,
        })
    }
}

impl TryFrom<messages::LockstepSpec> for LockstepSpec {
    type Error = Fault;

    fn try_from(wish: messages::LockstepSpec) -> Result<LockstepSpec, Fault> {
        within("tick_hz", wish.tick_hz, 0, limits::TICK_HZ)?;
        within("ticks_per_message", wish.ticks_per_message, 0, limits::TICKS_PER_MESSAGE)?;
        within("hash_every", wish.hash_every, 0, limits::HASH_EVERY)?;
        Ok(LockstepSpec {
            tick_hz: or(wish.tick_hz, limits::TICK_HZ_DEFAULT),
            ticks_per_message: wish.ticks_per_message.max(1),
            late_input: LateInput::try_from(wish.late_input)
                .map_err(|_| bad("the late-input policy is not known"))?,
            seed: wish.seed,
            hash_every: or(wish.hash_every, limits::HASH_EVERY_DEFAULT),
            last_tick: wish.last_tick,
        })
    }
}

impl TryFrom<messages::AuthoritativeSpec> for AuthoritativeSpec {
    type Error = Fault;

    fn try_from(wish: messages::AuthoritativeSpec) -> Result<AuthoritativeSpec, Fault> {
        within("tick_hz", wish.tick_hz, 0, limits::TICK_HZ)?;
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if !(1..=limits::GAME_BYTES).contains(&wish.game.len()) || !wish.game.bytes().all(sound) {
            let most = limits::GAME_BYTES;
            return Err(bad(format!(
                "an authoritative room names its game: 1 to {most} of a–z A–Z 0–9 - _ ."
            )));
        }
        Ok(AuthoritativeSpec {
            game: wish.game,
            tick_hz: or(wish.tick_hz, limits::TICK_HZ_DEFAULT),
            seed: wish.seed,
        })
    }
}

impl From<&RoomSpec> for messages::RoomSpec {
    fn from(spec: &RoomSpec) -> messages::RoomSpec {
        messages::RoomSpec {
            kind: spec.kind.into(),
            mode: spec.mode.clone(),
            seats: spec.seats.into(),
            min_players: spec.min_players.into(),
            private: spec.private,
            late_join: spec.late_join,
            max_spectators: spec.max_spectators.into(),
            life_limit_s: spec.life_limit_s,
            properties: to_messages(&spec.properties),
            reserved_for: spec.reserved_for.iter().map(|player| player.as_str().to_owned()).collect(),
            bots: spec.bots.into(),
            start: spec.start.into(),
            start_after_ms: spec.start_after_ms,
            durability: spec.durability.into(),
            lockstep: spec.lockstep.map(|lockstep| messages::LockstepSpec {
                tick_hz: lockstep.tick_hz,
                ticks_per_message: lockstep.ticks_per_message,
                late_input: lockstep.late_input.into(),
                seed: lockstep.seed,
                hash_every: lockstep.hash_every,
                last_tick: lockstep.last_tick,
            }),
            authoritative: spec.authoritative.as_ref().map(|authoritative| messages::AuthoritativeSpec {
                game: authoritative.game.clone(),
                tick_hz: authoritative.tick_hz,
                seed: authoritative.seed,
            }),
        }
    }
}

pub(crate) fn to_messages(properties: &Properties) -> Vec<messages::Property> {
    properties
        .iter()
        .map(|(key, value)| messages::Property { key: key.clone(), value: value.clone() })
        .collect()
}

/// Holds every set of properties to its limits; `most_bytes` of keys and values together.
pub(crate) fn check_properties(properties: &Properties, most_bytes: usize) -> Result<(), Fault> {
    if properties.len() > limits::PROPERTIES {
        let message = format!("there are more than {} properties", limits::PROPERTIES);
        return Err(Fault::new(ErrorCode::BadRequest, message));
    }
    properties.iter().try_for_each(|(key, value)| check_property(key, value))?;
    let bytes: usize = properties.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > most_bytes {
        let message = format!("the properties have {bytes} bytes together, possible are up to {most_bytes}");
        return Err(Fault::new(ErrorCode::BadRequest, message));
    }
    Ok(())
}

pub(crate) fn check_property(key: &str, value: &str) -> Result<(), Fault> {
    if key.is_empty() || key.len() > limits::PROPERTY_KEY_BYTES {
        let message = format!("a property's key has 1 to {} bytes", limits::PROPERTY_KEY_BYTES);
        return Err(Fault::new(ErrorCode::BadRequest, message));
    }
    if value.len() > limits::PROPERTY_VALUE_BYTES {
        let message = format!("property {key:?} is longer than {} bytes", limits::PROPERTY_VALUE_BYTES);
        return Err(Fault::new(ErrorCode::BadRequest, message));
    }
    Ok(())
}

fn properties_of(list: Vec<messages::Property>) -> Result<Properties, Fault> {
    let mut properties = Properties::new();
    for messages::Property { key, value } in list {
        if properties.contains_key(&key) {
            return Err(bad(format!("property {:?} is given twice", clip(&key))));
        }
        properties.insert(key, value);
    }
    Ok(properties)
}

fn reserved_for(players: Vec<String>, seats: u32) -> Result<Vec<PlayerId>, Fault> {
    if players.len() > seats as usize {
        return Err(bad("more seats are reserved than there are for players"));
    }
    if players.iter().any(|player| player.is_empty() || player.len() > limits::PLAYER_BYTES) {
        return Err(bad(format!("a player's id has 1 to {} bytes", limits::PLAYER_BYTES)));
    }
    if players.iter().collect::<BTreeSet<_>>().len() < players.len() {
        return Err(bad("a player is named twice in reserved_for"));
    }
    Ok(players.into_iter().map(PlayerId::from).collect())
}

fn within(what: &'static str, value: u32, least: u32, most: u32) -> Result<(), Fault> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(bad(format!("{what} is {value}, possible are {least} to {most}")))
}

fn or(value: u32, default: u32) -> u32 {
    if value == 0 { default } else { value }
}

fn bad(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(ErrorCode::BadSpec, message)
}

/// The beginning of a text that a client sent, for a message.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}
