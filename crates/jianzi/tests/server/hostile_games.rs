//! Rules that mean harm, or know no better, in rooms of the real server: they hurt themselves, and the match beside them
//! on the same shard misses nothing.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{self, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use clock::{Clock, Moment};
use prost::Message as _;
use protocol::messages::{self, AuthoritativeSpec, RoomKind, RoomSpec, StartRule};
use protocol::operation;
use tempfile::TempDir;
use testkit::{Ended, Player, Server, eventually};

use crate::support::{create, input, lockstep_spec, options, player, resume, room_id, two_in_lockstep};

/// What each game does in its ticks, and what the log says of it.
const HOSTILE: [(&str, &str, &str); 6] = [
    ("endless", "(loop $for_ever (br $for_ever)) (i32.const 0)", "out of fuel"),
    (
        "greedy",
        "(loop $more (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable)) (br $more))
         (i32.const 0)",
        "more memory than a room may have",
    ),
    ("traps", "unreachable", "`unreachable`"),
    ("outside", "(i32.load (i32.const 0x7fffffff))", "out of bounds memory access"),
    (
        "floods",
        "(loop $more (call $send (i32.const 0) (i32.const 0) (i32.const 1000)) (br $more)) (i32.const 0)",
        "said more than one call may say",
    ),
    ("fails", "(i32.const 7)", "returned status 7"),
];

#[test]
fn hostile_ticks_suspend_their_own_room_and_the_match_beside_it_goes_on() {
    let bench = Bench::new();
    let beside = MatchBeside::start(&bench.server);
    let mut mallory = player(&bench.server, "mallory");
    for (game, tick, why) in HOSTILE {
        bench.publish(game, "1.0.0", &module(&[("tick", tick)]), None);
        let joined = create(&mut mallory, spec(game, 1));
        resume(&mut mallory, joined.channel, 1);
        let room = room_id(&joined);
        let view = eventually("the room is suspended", || {
            let view = look(&mut mallory, &room);
            view.logic.as_ref().is_some_and(|logic| logic.suspended).then_some(view)
        });
        assert_eq!(view.phase(), messages::room_view::Phase::Playing, "{game}: it waits for other rules");
        eventually("the log says why, three times", || {
            let ended = bench.server.events("call_ended");
            let so = |line: &&String| line.contains(&room) && line.contains(why);
            (ended.iter().filter(so).count() >= 3).then_some(())
        });
        let left: messages::RoomView = mallory.call("rooms.leave", &action(&room)).expect("out of it");
        assert_eq!(left.seats.len(), 0);
    }
    let played = beside.end();
    let due = played.lasted.as_secs_f64() * 60.0;
    assert!(played.ticks_meanwhile >= due / 2.0, "{} of {due} ticks", played.ticks_meanwhile);
    let sent: Vec<_> = (1..=played.sent).map(in_bytes).collect();
    assert_eq!(played.inputs, sent, "every input, once, in order");
    assert!(played.longest_pause < Duration::from_secs(1), "{:?}", played.longest_pause);
}

#[test]
fn a_game_that_cannot_begin_makes_no_room() {
    let bench = Bench::new();
    let mut founder = player(&bench.server, "founder");
    for (game, init) in
        [("broken", "unreachable"), ("stuck", "(loop $for_ever (br $for_ever)) (i32.const 0)")]
    {
        bench.publish(game, "1.0.0", &module(&[("init", init)]), None);
        let create = messages::CreateRoom { room: String::new(), spec: Some(spec(game, 1)), join: true };
        let refused = founder.call::<messages::Joined>("rooms.create", &create).unwrap_err();
        assert!(refused.message.contains("init"), "{game}: {refused:?}");
    }
    assert_eq!(bench.server.metric("jianzi_rooms_open{kind=\"authoritative\"}"), 0.0);
}

/// Whoever finds the input that makes the rules trap loses the voice, not the others the match.
#[test]
fn a_player_who_makes_inputs_trap_is_muted_and_the_others_play_on() {
    let bench = Bench::new();
    // An input that begins with 1 traps.
    let input_body =
        "(if (i32.eq (i32.load8_u (local.get 1)) (i32.const 1)) (then unreachable)) (i32.const 0)";
    bench.publish("fragile", "1.0.0", &module(&[("input", input_body)]), None);
    let (mut mallory, mut other) = (player(&bench.server, "mallory"), player(&bench.server, "other"));
    let mine = create(&mut mallory, spec("fragile", 2));
    let theirs = join(&mut other, &room_id(&mine));
    resume(&mut mallory, mine.channel, 1);
    resume(&mut other, theirs.channel, 1);
    for number in 1..=5 {
        input(&mut mallory, mine.channel, number, &[1]);
        input(&mut other, theirs.channel, number, &[2]);
    }
    let reasons: Vec<_> = (1..=5)
        .map(|number| {
            let body = mallory.next_of(operation::INPUT_REFUSED);
            let refused = messages::InputRefused::decode(body).expect("a refusal");
            assert_eq!(refused.number, number);
            refused.reason()
        })
        .collect();
    use messages::input_refused::Refusal::{EndedBadly, Muted};
    assert_eq!(reasons, [EndedBadly, EndedBadly, EndedBadly, Muted, Muted]);
    until_applied(&mut other, 5);
    input(&mut other, theirs.channel, 6, &[2]);
    until_applied(&mut other, 6);
    let logic = look(&mut other, &room_id(&mine)).logic.expect("it runs rules");
    assert!(!logic.suspended, "the room itself is well");
}

#[test]
fn a_patch_that_cannot_load_does_not_take_a_live_match_over() {
    let bench = Bench::new();
    let saves = "(call $reply (i32.const 0) (i32.const 4)) (i32.const 0)";
    let well = [("save", saves), ("load", "(i32.const 0)")];
    let first = module(&well);
    bench.publish("chess", "1.0.0", &first, None);
    let mut one = player(&bench.server, "one");
    let joined = create(&mut one, spec("chess", 1));
    resume(&mut one, joined.channel, 1);
    input(&mut one, joined.channel, 1, &[1]);
    until_applied(&mut one, 1);

    let second = module(&[("save", saves), ("load", "unreachable")]);
    bench.publish("chess", "1.0.0", &second, Some(&first));
    let state = eventually("the patch is out of the way", || {
        let state = bench.state_of("chess", 2);
        ["refused", "rolled_back"].contains(&state.as_str()).then_some(state)
    });
    input(&mut one, joined.channel, 2, &[1]);
    until_applied(&mut one, 2);
    let logic = look(&mut one, &room_id(&joined)).logic.expect("it runs rules");
    assert_eq!((logic.version, logic.suspended), (1, false), "{state}");
}

/// Two players in lockstep on a thread of their own. Ends with this, too.
struct MatchBeside {
    stop: Sender<()>,
    thread: JoinHandle<Played>,
}

struct Played {
    players: [Player; 2],
    channel: u32,
    ticks: u32,
    /// Until it was to end: how long, and the ticks of that time.
    lasted: Duration,
    ticks_meanwhile: f64,
    last_tick_at: Moment,
    /// Without a tick.
    longest_pause: Duration,
    /// The numbers from 1 to this, by the first player.
    sent: u32,
    /// As they came back to both.
    inputs: Vec<Bytes>,
}

impl MatchBeside {
    fn start(server: &Server) -> MatchBeside {
        let (players, [channel, _], _) = two_in_lockstep(server, lockstep_spec(2));
        let mut played = Played {
            players,
            channel,
            ticks: 0,
            lasted: Duration::ZERO,
            ticks_meanwhile: 0.0,
            last_tick_at: Clock::System.now(),
            longest_pause: Duration::ZERO,
            sent: 0,
            inputs: Vec::new(),
        };
        let (stop, stopped) = mpsc::channel();
        let play = move || {
            let began = played.last_tick_at;
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                played.tick();
                if played.ticks.is_multiple_of(6) {
                    played.send();
                }
            }
            played.lasted = played.last_tick_at.since(began);
            played.ticks_meanwhile = f64::from(played.ticks);
            let until = played.ticks + 600;
            while played.inputs.len() < played.sent as usize && played.ticks < until {
                played.tick();
            }
            played
        };
        MatchBeside { stop, thread: std::thread::spawn(play) }
    }

    fn end(self) -> Played {
        drop(self.stop);
        self.thread.join().expect("the match was played")
    }
}

impl Played {
    fn tick(&mut self) {
        self.ticks += 1;
        let [by_one, by_two] = self.players.each_mut().map(|player| player.frames(self.ticks, self.ticks));
        assert_eq!(by_one, by_two, "both have every tick");
        self.inputs.extend(by_one.into_iter().flat_map(|(_, inputs)| inputs).map(|(_, data)| data));
        let now = Clock::System.now();
        self.longest_pause = self.longest_pause.max(now.since(self.last_tick_at));
        self.last_tick_at = now;
    }

    fn send(&mut self) {
        self.sent += 1;
        input(&mut self.players[0], self.channel, self.sent, &in_bytes(self.sent));
    }
}

fn in_bytes(number: u32) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

struct Bench {
    data: TempDir,
    server: Server,
}

const ADMIN_TOKEN: &str = "an-operator's-token-4711";

impl Bench {
    /// A server with one shard that trusts `alice`.
    fn new() -> Bench {
        let data = TempDir::new().unwrap();
        let mut options = options().with("ROOMS__SHARDS", "1").with("SERVER__ADMIN_TOKEN", ADMIN_TOKEN);
        options.data = Some(data.path().to_owned());
        let server = Server::start(options);
        let bench = Bench { data, server };
        bench.patch(&["keygen", "alice", "--out", &bench.path("keys")]);
        std::fs::create_dir_all(bench.path("trust")).unwrap();
        std::fs::copy(bench.path("keys/alice.toml"), bench.path("trust/alice.toml")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> String {
        self.data.path().join(name).to_str().unwrap().to_owned()
    }

    /// As a version of its own, or as the first patch of `base`.
    fn publish(&self, game: &str, version: &str, module: &[u8], base: Option<&[u8]>) {
        let (file, base_file) = (self.path("new.wasm"), self.path("base.wasm"));
        std::fs::write(&file, module).unwrap();
        std::fs::write(&base_file, base.unwrap_or_default()).unwrap();
        let (key, bundle) = (self.path("keys/alice.key"), self.path("new.jzpatch"));
        let build = ["build", "--module", &file, "--key", &key, "--out", &bundle];
        let scope = ["--app", "jianzi-demo", "--game", game];
        let kind: &[&str] = match base {
            None => &["--release", version],
            Some(_) => &["--base", version, "--base-module", &base_file, "--number", "1"],
        };
        self.patch(&[&build, &scope[..], kind].concat());
        self.patch(&["publish", &bundle]);
    }

    fn state_of(&self, game: &str, version: u64) -> String {
        let status = self.patch(&["status", "--json", "--app", "jianzi-demo", "--game", game]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let versions = status["games"][0]["versions"].as_array().expect("versions").clone();
        let found = versions.iter().find(|known| known["number"] == version).expect("the version");
        found["state"].as_str().expect("a state").to_owned()
    }

    fn patch(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jianzi"));
        command.arg("patch").args(arguments).current_dir(Path::new(&self.path("")));
        command.env("JIANZI_SERVER__ADMIN", self.server.address("admin").to_string());
        let ended = testkit::run(command.env("JIANZI_SERVER__ADMIN_TOKEN", ADMIN_TOKEN));
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended
    }
}

fn spec(game: &str, seats: u32) -> RoomSpec {
    RoomSpec {
        kind: RoomKind::Authoritative.into(),
        seats,
        start: StartRule::WhenFull.into(),
        authoritative: Some(AuthoritativeSpec { game: game.into(), ..Default::default() }),
        ..Default::default()
    }
}

fn action(room: &str) -> messages::RoomAction {
    messages::RoomAction { room: room.to_owned(), ..Default::default() }
}

fn look(player: &mut Player, room: &str) -> messages::RoomView {
    player.call("rooms.get", &action(room)).expect("a view")
}

fn join(player: &mut Player, room: &str) -> messages::Joined {
    let knows_kind = RoomKind::Authoritative as u32;
    let join = messages::JoinRoom { room: room.to_owned(), knows_kind, ..Default::default() };
    player.call("rooms.join", &join).expect("a seat")
}

fn until_applied(player: &mut Player, number: u32) {
    loop {
        let frame = messages::Frame::decode(player.next_of(operation::FRAME)).expect("a frame");
        if frame.applied >= number {
            return;
        }
    }
}

/// A smallest game, with the bodies of these exports (`init`, `input`, `tick`, `save`, `load`) instead of nothing.
fn module(bodies: &[(&str, &str)]) -> Vec<u8> {
    let body = |name: &str| bodies.iter().find(|(part, _)| *part == name).map(|(_, body)| *body);
    let well = "(i32.const 0)";
    let optional = |name: &str, parameters: &str| {
        body(name).map_or(String::new(), |body| {
            format!("(func (export \"jz_{name}\") {parameters} (result i32) {body})")
        })
    };
    let text = format!(
        "(module
           (import \"jianzi\" \"send\" (func $send (param i32 i32 i32)))
           (import \"jianzi\" \"reply\" (func $reply (param i32 i32)))
           (memory (export \"memory\") 1)
           (func (export \"jz_abi\") (result i32) (i32.const 1))
           (func (export \"jz_alloc\") (param i32) (result i32) (i32.const 1024))
           (func (export \"jz_init\") (param i32 i32) (result i32) {})
           (func (export \"jz_join\") (param i32 i32 i32) (result i32) (i32.const 0))
           (func (export \"jz_leave\") (param i32 i32) (result i32) (i32.const 0))
           (func (export \"jz_input\") (param i32 i32 i32) (result i32) {})
           (func (export \"jz_tick\") (param i32) (result i32) {})
           {} {})",
        body("init").unwrap_or(well),
        body("input").unwrap_or(well),
        body("tick").unwrap_or(well),
        optional("save", ""),
        optional("load", "(param i32 i32 i32)"),
    );
    wat::parse_str(text).expect("text of a module")
}
