//! Two apps on one server: nothing crosses between them.

use protocol::{ErrorCode, messages};
use serde_json::json;
use testkit::{Player, Server};

use crate::support::{create, options, relay_spec, room_id};

#[test]
fn players_tokens_rooms_and_invites_stay_apart() {
    let folder = tempfile::TempDir::new().unwrap();
    let config = folder.path().join("two.toml");
    std::fs::write(
        &config,
        "[[apps]]\nid = \"red\"\njwt_keys = [\"red-red-red-red-red-red-red-red-red\"]\n\
         [[apps]]\nid = \"blue\"\njwt_keys = [\"blue-blue-blue-blue-blue-blue-blue\"]\n",
    )
    .unwrap();
    let mut options = options();
    options.arguments = vec!["--config".into(), config.display().to_string()];
    let server = Server::start(options);
    let log_in = |app: &str| {
        let body = json!({ "app": app, "code": "dev:same", "device": "d" });
        let answer = server.http().post("/v1/login", &body);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["data"].clone()
    };
    let (red, blue) = (log_in("red"), log_in("blue"));
    assert_ne!(red["player"]["id"], blue["player"]["id"], "the same person, two players");
    let connect =
        |data: &serde_json::Value| Player::connect(server.address("http"), data["token"].as_str().unwrap());
    let (mut red, mut blue) = (connect(&red), connect(&blue));

    let created = create(&mut red, relay_spec(2));
    let room = room_id(&created);
    let invite = created.room.unwrap().invite;
    let list: messages::RoomList = blue.call("rooms.list", &messages::ListRooms::default()).unwrap();
    assert!(list.rooms.is_empty());
    for join in [
        messages::JoinRoom { room: room.clone(), ..Default::default() },
        messages::JoinRoom { invite, ..Default::default() },
    ] {
        let error = blue.call::<messages::Joined>("rooms.join", &join).unwrap_err();
        assert_eq!(error.code, ErrorCode::RoomUnknown.number());
    }
    // The same id names another room there.
    let same = messages::CreateRoom { room, spec: Some(relay_spec(2)), join: true };
    let own: messages::Joined = blue.call("rooms.create", &same).unwrap();
    assert_eq!(own.room.unwrap().seats.iter().filter(|seat| !seat.player.is_empty()).count(), 1);
    let unknown = server.http().post("/v1/login", &json!({ "app": "green", "code": "dev:x" }));
    assert_eq!(unknown.json()["code"], ErrorCode::UnknownApp.number());
}
