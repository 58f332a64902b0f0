//! Patches on trial: what they want outside of their rooms takes place once or never, whatever is killed; and those that no
//! player may meet are told from those that only new rooms can get.

use std::collections::BTreeSet;
use std::path::Path;

use bytes::Bytes;
use clock::Chance;
use model::AppId;
use prost::Message as _;
use protocol::messages::{self, AuthoritativeSpec, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use releases::{Base, Bundle, Draft, PatchName, PrivateKey, TrustStore, module_hash};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Player, Server, eventually};

use crate::support::{create, input, options, player, resume, room_id};

const APP: &str = "jianzi-demo";
const GAME: &str = "bell";
const TOKEN: &str = "an-operators-token";
/// The input that ends a match.
const LAST: u8 = 99;

#[test]
fn effects_of_a_patch_on_trial_outlive_a_kill_and_take_place_once_it_is_confirmed() {
    let mut bench = Bench::new();
    let (mut one, joined) = bench.on_trial();
    act(&mut one, joined.channel, 2);
    act(&mut one, joined.channel, 3);
    bench.kill();
    let (mut one, joined) = bench.come_back(&joined);
    act(&mut one, joined.channel, 4);
    assert_eq!(bench.told_by(2), [] as [Told; 0], "they wait");
    bench.order("promote");
    let told = eventually("they take place", || Some(bench.told_by(2)).filter(|told| told.len() >= 3));
    assert!(told.iter().all(|told| !told.again), "{told:?}");
    act(&mut one, joined.channel, 5);
    let all =
        eventually("the next one does not wait", || Some(bench.told_by(2)).filter(|told| told.len() >= 4));
    assert_eq!(all.len(), 4, "{all:?}");
    eventually("its trial is over", || bench.status()["trial"].is_null().then_some(()));

    // What may have been told comes again, under the same keys.
    bench.kill();
    let (mut one, joined) = bench.come_back(&joined);
    act(&mut one, joined.channel, 6);
    let last = eventually("a new one", || bench.told_by(2).into_iter().find(|told| !told.again));
    let keys = |told: &[Told]| told.iter().map(|told| told.key.clone()).collect::<BTreeSet<_>>();
    let before = keys(&all);
    assert_eq!(before.len(), 4, "{all:?}");
    assert!(!before.contains(&last.key));
    for told in bench.told_by(2).iter().filter(|told| told.again) {
        assert!(before.contains(&told.key), "{told:?}");
    }
}

#[test]
fn a_match_that_ends_during_the_trial_has_its_effects_after_a_kill_and_the_confirmation() {
    let mut bench = Bench::new();
    let (mut one, joined) = bench.on_trial();
    act(&mut one, joined.channel, 2);
    input(&mut one, joined.channel, 3, &[LAST]);
    eventually("the match is over", || look(&mut one, &bench.room).err());
    bench.kill();
    assert_eq!(bench.told_by(2), [] as [Told; 0]);
    bench.order("promote");
    let told = eventually("they take place", || Some(bench.told_by(2)).filter(|told| told.len() >= 2));
    assert!(told.len() == 2 && told.iter().all(|told| !told.again), "{told:?}");
}

#[test]
fn what_a_patch_wanted_never_takes_place_once_it_was_taken_back() {
    let mut bench = Bench::new();
    let (mut one, joined) = bench.on_trial();
    act(&mut one, joined.channel, 2);
    bench.kill();
    let (mut one, joined) = bench.come_back(&joined);
    act(&mut one, joined.channel, 3);
    bench.order("rollback");
    eventually("the room is back", || (version(&mut one, &bench.room) == 1).then_some(()));
    act(&mut one, joined.channel, 4);
    let is_new = |told: &Told| !told.again;
    eventually("the stable version's takes place", || bench.told_by(1).iter().any(is_new).then_some(()));
    assert_eq!(bench.told_by(2), [] as [Told; 0]);
    bench.kill();
    let (mut one, joined) = bench.come_back(&joined);
    act(&mut one, joined.channel, 5);
    eventually("one more", || bench.told_by(1).iter().any(is_new).then_some(()));
    assert_eq!(bench.told_by(2), [] as [Told; 0]);
}

#[test]
fn a_patch_that_fails_to_load_what_rooms_save_is_refused_before_any_player_meets_it() {
    let mut bench = Bench::new();
    let (mut one, joined) = bench.on_stable(&module(1));
    bench.publish(
        "hotfix-1.0.0-v1",
        Some(&module(1)),
        &Module { load: "(i32.const 7)", ..Module::of(2) }.bytes(),
    );
    let why = eventually("it is refused", || {
        let version = bench.status()["versions"][1].clone();
        (version["state"] == "refused").then(|| version["why"].to_string())
    });
    assert!(why.contains("load of the new version ended badly"), "{why}");
    act(&mut one, joined.channel, 2);
    assert_eq!(version(&mut one, &bench.room), 1);
}

#[test]
fn rooms_that_cannot_save_keep_their_version_and_new_ones_get_the_patch() {
    let mut bench = Bench::new();
    let first = Module { saves: false, ..Module::of(1) }.bytes();
    let (mut one, joined) = bench.on_stable(&first);
    bench.publish("hotfix-1.0.0-v1", Some(&first), &module(2));
    eventually("its canary begins", || (bench.status()["versions"][1]["state"] == "canary").then_some(()));
    assert_eq!(bench.status()["versions"][1]["live"], false);
    let later = create(&mut player(bench.server(), "two"), spec());
    assert_eq!(later.room.and_then(|room| room.logic).map(|logic| logic.version), Some(2));
    act(&mut one, joined.channel, 2);
    assert_eq!(version(&mut one, &bench.room), 1);
    bench.order("promote");
    eventually("it is settled", || bench.status()["trial"].is_null().then_some(()));
    assert_eq!((bench.status()["stable"].as_u64(), version(&mut one, &bench.room)), (Some(2), 1));
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// Room, tick, ordinal.
    key: (String, String, String),
    again: bool,
}

struct Bench {
    data: TempDir,
    server: Option<Server>,
    key: PrivateKey,
    room: String,
}

impl Bench {
    fn new() -> Bench {
        let data = TempDir::new().unwrap();
        let key = PrivateKey::draw("author", &mut Chance::system()).unwrap();
        std::fs::create_dir(data.path().join("trust")).unwrap();
        let trusted = TrustStore::file("author", key.public(), &[], None, None).unwrap();
        std::fs::write(data.path().join("trust/author.toml"), trusted).unwrap();
        Bench { server: Some(start_on(data.path())), data, key, room: String::new() }
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// A room of the first version, which has had an effect.
    fn on_stable(&mut self, first: &[u8]) -> (Player, messages::Joined) {
        self.publish("release-1.0.0", None, first);
        let mut one = player(self.server(), "one");
        let joined = create(&mut one, spec());
        self.room = room_id(&joined);
        resume(&mut one, joined.channel, 1);
        act(&mut one, joined.channel, 1);
        eventually("the stable version's takes place", || (self.told_by(1).len() == 1).then_some(()));
        (one, joined)
    }

    /// And then it tries the second one.
    fn on_trial(&mut self) -> (Player, messages::Joined) {
        let (mut one, joined) = self.on_stable(&module(1));
        self.publish("hotfix-1.0.0-v1", Some(&module(1)), &module(2));
        eventually("the room tries it", || (version(&mut one, &self.room) == 2).then_some(()));
        (one, joined)
    }

    fn publish(&self, name: &str, base: Option<&[u8]>, module: &[u8]) {
        let draft = Draft {
            name: name.parse::<PatchName>().unwrap(),
            app: AppId::new(APP),
            game: GAME.to_owned(),
            base: base.map(|base| Base { version: "1.0.0".to_owned(), module: module_hash(base) }),
            abi: 1,
            author: "author".to_owned(),
            made_ms: clock::Clock::System.wall_ms(),
            notes: String::new(),
        };
        let mut bundle = Bundle::build(draft, Bytes::copy_from_slice(module)).unwrap();
        bundle.sign(&self.key);
        let answer = self.admin("POST", "/admin/v1/patches", &bundle.write());
        assert_eq!(answer["code"], 0, "{answer}");
    }

    /// To promote, or to roll back.
    fn order(&self, what: &str) {
        let order = json!({ "app": APP, "game": GAME, "by": "bob", "why": "a test" }).to_string();
        eventually(what, || {
            let answer = self.admin("POST", &format!("/admin/v1/patches/{what}"), order.as_bytes());
            (answer["code"] == 0).then_some(())
        });
    }

    fn admin(&self, method: &str, path: &str, body: &[u8]) -> Value {
        let bearer = format!("Bearer {TOKEN}");
        self.server().admin().request(method, path, &[("authorization", &bearer)], body).json()
    }

    fn kill(&mut self) {
        self.server = None;
        self.server = Some(start_on(self.data.path()));
    }

    fn status(&self) -> Value {
        self.admin("GET", &format!("/admin/v1/patches?app={APP}&game={GAME}"), b"")["data"]["games"][0]
            .clone()
    }

    /// What the server that runs now has told of what this version wanted.
    fn told_by(&self, version: u32) -> Vec<Told> {
        let field = |line: &str, name: &str| {
            let (_, rest) =
                line.split_once(&format!(" {name}=")).unwrap_or_else(|| panic!("{name} in {line}"));
            rest.split([' ', '}']).next().unwrap_or_default().trim_matches('"').to_owned()
        };
        let told = |line: &String| Told {
            key: (field(line, "room"), field(line, "tick"), field(line, "ordinal")),
            again: field(line, "again") == "true",
        };
        let lines = self.server().events("game_effect");
        lines.iter().filter(|line| field(line, "version") == version.to_string()).map(told).collect()
    }

    /// As a client that holds every tick up to now.
    fn come_back(&self, before: &messages::Joined) -> (Player, messages::Joined) {
        let mut one = player(self.server(), "one");
        let knows_kind = RoomKind::Authoritative as u32;
        let join = messages::JoinRoom { room: room_id(before), knows_kind, ..Default::default() };
        let joined: messages::Joined = one.call("rooms.join", &join).expect("a seat");
        resume(&mut one, joined.channel, joined.room.as_ref().map_or(1, |room| room.tick + 1));
        (one, joined)
    }
}

fn start_on(data: &Path) -> Server {
    let mut options = options()
        .with("GAMES__QUIET", "1h")
        .with("GAMES__WATCH_AFTER", "100ms")
        .with("SERVER__ADMIN_TOKEN", TOKEN);
    options.data = Some(data.to_owned());
    Server::start(options)
}

/// The input has an effect, and is acknowledged.
fn act(player: &mut Player, channel: u32, number: u32) {
    input(player, channel, number, &[number as u8]);
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).expect("a frame");
        if frame.applied >= number {
            return;
        }
    }
}

fn version(player: &mut Player, room: &str) -> u32 {
    look(player, room).expect("a view").logic.map_or(0, |logic| logic.version)
}

fn look(player: &mut Player, room: &str) -> Result<messages::RoomView, messages::Error> {
    let get = messages::RoomAction { room: room.to_owned(), ..Default::default() };
    player.call("rooms.get", &get)
}

fn spec() -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        seats: 1,
        start: StartRule::WhenFull.into(),
        authoritative: Some(AuthoritativeSpec { game: GAME.into(), ..Default::default() }),
        ..Default::default()
    }
}

fn module(number: u32) -> Vec<u8> {
    Module::of(number).bytes()
}

/// Rules by which every input is an effect, `LAST` ends the match, and nothing is to be remembered.
struct Module {
    number: u32,
    saves: bool,
    /// What its `jz_load` does.
    load: &'static str,
}

impl Module {
    const fn of(number: u32) -> Module {
        Module { number, saves: true, load: "(i32.const 0)" }
    }

    fn bytes(&self) -> Vec<u8> {
        let Module { number, load, saves } = self;
        let save = r#"(func (export "jz_save") (result i32) (call $reply (i32.const 0) (i32.const 4)) (i32.const 0))"#;
        let save = if *saves { save } else { "" };
        let text = format!(
            r#"(module
              (import "jianzi" "effect" (func $effect (param i32 i32 i32 i32)))
              (import "jianzi" "reply" (func $reply (param i32 i32)))
              (import "jianzi" "end" (func $end (param i32 i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "ring version {number}")
              (func (export "jz_abi") (result i32) (i32.const 1))
              (func (export "jz_alloc") (param i32) (result i32) (i32.const 1024))
              (func (export "jz_init") (param i32 i32) (result i32) (i32.const 0))
              (func (export "jz_join") (param i32 i32 i32) (result i32) (i32.const 0))
              (func (export "jz_leave") (param i32 i32) (result i32) (i32.const 0))
              (func (export "jz_input") (param i32 i32 i32) (result i32)
                (call $effect (i32.const 0) (i32.const 4) (local.get 1) (local.get 2))
                (if (i32.eq (i32.load8_u (local.get 1)) (i32.const {LAST}))
                  (then (call $end (i32.const 0) (i32.const 0))))
                (i32.const 0))
              (func (export "jz_tick") (param i32) (result i32) (i32.const 0))
              (func (export "jz_load") (param i32 i32 i32) (result i32) {load})
              {save})"#
        );
        wat::parse_str(text).unwrap()
    }
}
