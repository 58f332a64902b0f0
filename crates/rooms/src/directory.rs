//! Which rooms there are, for lists, invite codes and the count of each founder. Apps never see each other's.
//!
//! The only thing that shards share; touched when membership changes, never while a room plays.

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use clock::Chance;
use model::{AppId, PlayerId, RoomId, RoomKey};
use prost::Message;
use protocol::messages::{ListRooms, RoomList, RoomView};

#[derive(Default)]
pub(crate) struct Directory {
    apps: RwLock<HashMap<AppId, AppRooms>>,
}

/// Characters of an invite code: short enough to be read aloud, and 31⁶ of them.
const INVITE_LENGTH: usize = 6;
const DEFAULT_PAGE: u32 = 20;
const LONGEST_PAGE: u32 = 100;
/// Of a page, encoded: it fits the default body limit, unless a single room does not.
const PAGE_BYTES: usize = 48 << 10;
/// Of that, for `next` and for what stands before each room.
const NEXT_BYTES: usize = 32;
const ROOM_HEAD_BYTES: usize = 6;
/// Rooms looked at for one page, so that a filter that nothing passes stays cheap.
const LOOKED_AT: usize = 5_000;

#[derive(Default)]
struct AppRooms {
    /// Rises with every room; newer rooms have higher numbers.
    newest: u64,
    rooms: HashMap<RoomId, Entry>,
    invites: HashMap<String, RoomId>,
    /// Public rooms that take players, by number.
    listed: BTreeMap<u64, RoomView>,
    /// How many rooms each founder has, of those that are counted.
    founders: HashMap<PlayerId, usize>,
}

struct Entry {
    number: u64,
    invite: String,
    /// Whose count it is in.
    founder: Option<PlayerId>,
}

/// The founder has as many rooms as one may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyOfOne;

impl Directory {
    /// Files a new room and gives it an invite code that no other room of its app has.
    ///
    /// With a founder, only if that one has fewer than `most` rooms.
    pub fn add(
        &self,
        key: &RoomKey,
        founder: Option<&PlayerId>,
        most: usize,
        chance: &mut Chance,
    ) -> Result<String, TooManyOfOne> {
        let mut apps = self.write();
        let app = apps.entry(key.app.clone()).or_default();
        if let Some(founder) = founder {
            let before = app.founders.get(founder).copied().unwrap_or(0);
            if before >= most {
                return Err(TooManyOfOne);
            }
            app.founders.insert(founder.clone(), before + 1);
        }
        let mut invite = chance.name(INVITE_LENGTH);
        while app.invites.contains_key(&invite) {
            invite = chance.name(INVITE_LENGTH);
        }
        app.newest += 1;
        app.invites.insert(invite.clone(), key.room.clone());
        let entry = Entry { number: app.newest, invite: invite.clone(), founder: founder.cloned() };
        app.rooms.insert(key.room.clone(), entry);
        Ok(invite)
    }

    /// Files a room that has its invite code already. Should a new room have drawn the same meanwhile, that one keeps it.
    pub fn restore(&self, key: &RoomKey, invite: &str, founder: Option<&PlayerId>) {
        let mut apps = self.write();
        let app = apps.entry(key.app.clone()).or_default();
        app.newest += 1;
        app.invites.entry(invite.to_owned()).or_insert_with(|| key.room.clone());
        if let Some(founder) = founder {
            *app.founders.entry(founder.clone()).or_default() += 1;
        }
        let entry = Entry { number: app.newest, invite: invite.to_owned(), founder: founder.cloned() };
        app.rooms.insert(key.room.clone(), entry);
    }

    /// Shows the room in lists as it is now; `None` hides it.
    pub fn show(&self, key: &RoomKey, view: Option<RoomView>) {
        let mut apps = self.write();
        let Some(app) = apps.get_mut(&key.app) else { return };
        let Some(entry) = app.rooms.get(&key.room) else { return };
        match view {
            Some(view) => app.listed.insert(entry.number, view),
            None => app.listed.remove(&entry.number),
        };
    }

    pub fn remove(&self, key: &RoomKey) {
        let mut apps = self.write();
        let Some(app) = apps.get_mut(&key.app) else { return };
        if let Some(entry) = app.rooms.remove(&key.room) {
            if app.invites.get(&entry.invite) == Some(&key.room) {
                app.invites.remove(&entry.invite);
            }
            app.listed.remove(&entry.number);
            entry.founder.inspect(|founder| app.uncount(founder));
        }
        // The tables shrink again after a burst; `newest` stays, so that pages never repeat numbers.
        if app.rooms.capacity() > 64 && app.rooms.len() * 4 < app.rooms.capacity() {
            app.rooms.shrink_to_fit();
            app.invites.shrink_to_fit();
            app.founders.shrink_to_fit();
        }
    }

    pub fn find_invite(&self, app: &AppId, code: &str) -> Option<RoomId> {
        let code = code.trim().to_ascii_lowercase();
        self.read().get(app)?.invites.get(&code).cloned()
    }

    /// One page, newest first.
    pub fn list(&self, app: &AppId, wish: &ListRooms) -> RoomList {
        let apps = self.read();
        let Some(app) = apps.get(app) else { return RoomList::default() };
        let below = wish.after.parse().unwrap_or(u64::MAX);
        let limit = if wish.limit == 0 { DEFAULT_PAGE } else { wish.limit.min(LONGEST_PAGE) } as usize;
        let (mut page, mut last, mut bytes) = (RoomList::default(), 0u64, NEXT_BYTES);
        for (looked_at, (number, view)) in app.listed.range(..below).rev().enumerate() {
            if page.rooms.len() == limit || looked_at == LOOKED_AT {
                page.next = last.to_string();
                break;
            }
            if passes(view, wish) {
                bytes += view.encoded_len() + ROOM_HEAD_BYTES;
                if bytes > PAGE_BYTES && !page.rooms.is_empty() {
                    page.next = last.to_string();
                    break;
                }
                page.rooms.push(view.clone());
            }
            last = *number;
        }
        page
    }

    /// Rooms filed, of all apps.
    pub fn len(&self) -> usize {
        self.read().values().map(|app| app.rooms.len()).sum()
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<AppId, AppRooms>> {
        self.apps.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<AppId, AppRooms>> {
        self.apps.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AppRooms {
    fn uncount(&mut self, founder: &PlayerId) {
        let Some(rooms) = self.founders.get_mut(founder) else { return };
        *rooms -= 1;
        if *rooms == 0 {
            self.founders.remove(founder);
        }
    }
}

fn passes(view: &RoomView, wish: &ListRooms) -> bool {
    let Some(spec) = &view.spec else { return false };
    (wish.mode.is_empty() || spec.mode == wish.mode)
        && (!wish.with_free_seat || (view.seats.len() as u64) < u64::from(spec.seats))
        && wish.properties.iter().all(|property| view.properties.contains(property))
}

#[cfg(test)]
mod tests {
    use protocol::messages::{Property, RoomSpec, SeatView};

    use super::*;

    #[test]
    fn pages_go_from_the_newest_to_the_oldest_and_miss_nothing() {
        let directory = Directory::default();
        let mut chance = Chance::seeded(1);
        for number in 0..50 {
            let key = key("a", number);
            add(&directory, &key, &mut chance);
            directory.show(&key, Some(view(&key, if number % 2 == 0 { "duel" } else { "party" }, 1)));
        }
        let mut wish = ListRooms { mode: "duel".into(), limit: 7, ..ListRooms::default() };
        let mut seen = Vec::new();
        loop {
            let page = directory.list(&AppId::new("a"), &wish);
            assert!(page.rooms.len() <= 7);
            seen.extend(page.rooms.into_iter().map(|view| view.room));
            if page.next.is_empty() {
                break;
            }
            wish.after = page.next;
        }
        let wanted: Vec<String> =
            (0..50).rev().filter(|number| number % 2 == 0).map(|n| key("a", n).room.to_string()).collect();
        assert_eq!(seen, wanted);
    }

    #[test]
    fn a_page_is_bounded_in_bytes_and_has_a_room_at_least() {
        let directory = Directory::default();
        let mut chance = Chance::seeded(1);
        for number in 0..30 {
            let key = key("a", number);
            add(&directory, &key, &mut chance);
            // The middle one is larger than a page.
            let length = if number == 15 { PAGE_BYTES } else { 4 << 10 };
            let properties = vec![Property { key: "level".into(), value: "3".repeat(length) }];
            directory.show(&key, Some(RoomView { properties, ..view(&key, "duel", 1) }));
        }
        let mut wish = ListRooms { limit: 100, ..ListRooms::default() };
        let (mut seen, mut pages) = (Vec::new(), Vec::new());
        loop {
            let page = directory.list(&AppId::new("a"), &wish);
            assert!(page.encoded_len() <= PAGE_BYTES || page.rooms.len() == 1);
            pages.push(page.rooms.len());
            seen.extend(page.rooms.into_iter().map(|view| view.room));
            if page.next.is_empty() {
                break;
            }
            wish.after = page.next;
        }
        let wanted: Vec<String> = (0..30).rev().map(|number| key("a", number).room.to_string()).collect();
        assert_eq!((seen, pages), (wanted, vec![11, 3, 1, 11, 4]));
    }

    #[test]
    fn filters_look_at_seats_and_properties() {
        let directory = Directory::default();
        let mut chance = Chance::seeded(1);
        for (number, taken) in [(1, 1), (2, 2)] {
            let key = key("a", number);
            add(&directory, &key, &mut chance);
            directory.show(&key, Some(view(&key, "duel", taken)));
        }
        let count = |wish: &ListRooms| directory.list(&AppId::new("a"), wish).rooms.len();
        assert_eq!(count(&ListRooms::default()), 2);
        assert_eq!(count(&ListRooms { with_free_seat: true, ..ListRooms::default() }), 1);
        let level = |value: &str| vec![Property { key: "level".into(), value: value.into() }];
        assert_eq!(count(&ListRooms { properties: level("3"), ..ListRooms::default() }), 2);
        assert_eq!(count(&ListRooms { properties: level("4"), ..ListRooms::default() }), 0);
    }

    #[test]
    fn apps_do_not_cross_and_removal_leaves_nothing() {
        let directory = Directory::default();
        let mut chance = Chance::seeded(1);
        let (one, two) = (key("a", 1), key("b", 1));
        let code = add(&directory, &one, &mut chance);
        add(&directory, &two, &mut chance);
        directory.show(&one, Some(view(&one, "duel", 1)));
        assert_eq!(directory.find_invite(&one.app, &code.to_uppercase()), Some(one.room.clone()));
        assert_eq!(directory.find_invite(&two.app, &code), None);
        assert_eq!(directory.list(&two.app, &ListRooms::default()).rooms, []);
        directory.remove(&one);
        assert_eq!(directory.find_invite(&one.app, &code), None);
        assert_eq!(directory.list(&one.app, &ListRooms::default()).rooms, []);
        directory.remove(&two);
        assert_eq!(directory.len(), 0);
    }

    #[test]
    fn a_room_that_comes_back_has_its_invite_code_and_its_place_in_the_count() {
        let directory = Directory::default();
        let mut chance = Chance::seeded(1);
        let (back, new) = (key("a", 1), key("a", 2));
        let ann = PlayerId::new("ann");
        directory.restore(&back, "abcdef", Some(&ann));
        assert_eq!(directory.find_invite(&back.app, "ABCDEF"), Some(back.room.clone()));
        assert_eq!(directory.add(&new, Some(&ann), 1, &mut chance), Err(TooManyOfOne));
        directory.restore(&new, "abcdef", None);
        directory.remove(&new);
        assert_eq!(directory.find_invite(&back.app, "abcdef"), Some(back.room.clone()), "not the other's");
        directory.remove(&back);
        assert!(directory.add(&new, Some(&ann), 1, &mut chance).is_ok());
    }

    #[test]
    fn a_founder_has_so_many_rooms_and_no_more() {
        let directory = Directory::default();
        let mut chance = Chance::seeded(1);
        let mut add = |app: &str, number: usize, founder: Option<&str>| {
            let founder = founder.map(PlayerId::new);
            directory.add(&key(app, number), founder.as_ref(), 2, &mut chance).map(drop)
        };
        assert_eq!([add("a", 1, Some("ann")), add("a", 2, Some("ann"))], [Ok(()), Ok(())]);
        assert_eq!(add("a", 3, Some("ann")), Err(TooManyOfOne));
        assert_eq!([add("a", 3, Some("bob")), add("b", 3, Some("ann")), add("a", 4, None)], [Ok(()); 3]);
        directory.remove(&key("a", 4));
        assert_eq!(add("a", 5, Some("ann")), Err(TooManyOfOne), "that room was in nobody's count");
        directory.remove(&key("a", 1));
        directory.remove(&key("a", 1));
        assert_eq!([add("a", 5, Some("ann")), add("a", 6, Some("ann"))], [Ok(()), Err(TooManyOfOne)]);
        for number in [2, 3, 5] {
            directory.remove(&key("a", number));
        }
        assert!(directory.read()[&AppId::new("a")].founders.is_empty());
    }

    fn add(directory: &Directory, key: &RoomKey, chance: &mut Chance) -> String {
        directory.add(key, None, 0, chance).expect("a room in nobody's count")
    }

    fn key(app: &str, number: usize) -> RoomKey {
        RoomKey { app: AppId::new(app), room: RoomId::from_name(&format!("number{number}")) }
    }

    fn view(key: &RoomKey, mode: &str, taken: usize) -> RoomView {
        RoomView {
            room: key.room.to_string(),
            spec: Some(RoomSpec { mode: mode.into(), seats: 2, ..RoomSpec::default() }),
            seats: vec![SeatView::default(); taken],
            properties: vec![Property { key: "level".into(), value: "3".into() }],
            ..RoomView::default()
        }
    }
}
