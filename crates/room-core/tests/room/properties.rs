//! Properties of rooms and seats.

use protocol::ErrorCode::*;
use protocol::messages::{Property, RoomSpec};
use room_core::{RoomRequest, Why, limits};

use crate::kit::*;

fn set_room(by: &str, properties: &[(&str, &str)]) -> RoomRequest {
    RoomRequest::SetRoom { by: player(by), properties: owned(properties) }
}

fn set_seat(name: &str, properties: &[(&str, &str)]) -> RoomRequest {
    RoomRequest::SetSeat { player: player(name), properties: owned(properties) }
}

fn owned(properties: &[(&str, &str)]) -> Vec<(String, String)> {
    properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn of_room(game: &Match) -> Vec<(String, String)> {
    game.room.view().properties.into_iter().map(|property| (property.key, property.value)).collect()
}

#[test]
fn the_owner_sets_the_rooms_and_everybody_the_own_seats() {
    let mut game = Match::new(lockstep(2));
    game.ask(join("ann"));
    game.ask(join("bob"));
    game.refused(set_room("bob", &[("map", "lake")]), NotOwner);
    game.refused(set_seat("eve", &[("skin", "red")]), NotInRoom);
    game.told();
    game.ask(set_room("ann", &[("map", "lake"), ("wind", "3")]));
    game.holds(set_room("ann", &[("map", "lake")]));
    game.ask(set_seat("bob", &[("skin", "red")]));
    assert_eq!(game.changes(), [(Why::Properties, "ann".to_owned()), (Why::Properties, "bob".to_owned())]);
    assert_eq!(of_room(&game), owned(&[("map", "lake"), ("wind", "3")]));
    assert_eq!(game.room.view().seats[1].properties[0].value, "red");
    game.ask(set_room("ann", &[("wind", "")]));
    game.holds(set_room("ann", &[("wind", "")]));
    assert_eq!(of_room(&game), owned(&[("map", "lake")]));
    // A seat's properties go with the player.
    game.ask(leave("bob"));
    game.ask(join("cid"));
    assert!(game.room.view().seats[1].properties.is_empty());
}

#[test]
fn properties_are_bounded() {
    let mut game = Match::new(lockstep(2));
    let long_key = "k".repeat(limits::PROPERTY_KEY_BYTES + 1);
    let long_value = "v".repeat(limits::PROPERTY_VALUE_BYTES + 1);
    game.refused(set_room("ann", &[(&long_key, "1")]), BadRequest);
    game.refused(set_room("ann", &[("k", &long_value)]), BadRequest);
    game.refused(set_room("ann", &[("", "1")]), BadRequest);
    let keys: Vec<String> = (0..=limits::PROPERTIES).map(|number| number.to_string()).collect();
    let many: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "1")).collect();
    game.refused(set_room("ann", &many), BadRequest);
    game.ask(set_room("ann", &many[1..]));
    game.refused(set_room("ann", &many[..1]), BadRequest);
    // One out, one in.
    game.ask(set_room("ann", &[("1", ""), ("0", "1")]));
    assert_eq!(of_room(&game).len(), limits::PROPERTIES);
}

#[test]
fn all_properties_together_are_bounded() {
    // 256 bytes each.
    let keys: Vec<String> = (10..80).map(|number| number.to_string()).collect();
    let value = "v".repeat(254);
    let most = |bytes: usize| -> Vec<(&str, &str)> {
        keys[..bytes / 256].iter().map(|key| (key.as_str(), value.as_str())).collect()
    };
    let mut game = Match::new(lockstep(2));
    game.ask(join("bob"));
    game.ask(set_room("ann", &most(limits::ROOM_PROPERTIES_BYTES)));
    game.refused(set_room("ann", &[("x", "y")]), BadRequest);
    game.ask(set_room("ann", &[("x", "y"), ("10", "short")]));
    game.ask(set_seat("bob", &most(limits::SEAT_PROPERTIES_BYTES)));
    game.refused(set_seat("bob", &[("x", "y")]), BadRequest);

    let property = |(key, value): &(&str, &str)| Property { key: (*key).into(), value: (*value).into() };
    let founded_with = |bytes| {
        let properties = most(bytes).iter().map(property).collect();
        room_core::RoomSpec::try_from(RoomSpec { properties, ..lockstep(2) }).map_err(|fault| fault.code)
    };
    assert!(founded_with(limits::ROOM_PROPERTIES_BYTES).is_ok());
    assert_eq!(founded_with(limits::ROOM_PROPERTIES_BYTES + 256), Err(BadSpec));
}

#[test]
fn a_view_tells_the_rooms_properties_once() {
    let properties = vec![Property { key: "map".into(), value: "lake".into() }];
    let mut game = Match::new(RoomSpec { properties: properties.clone(), ..lockstep(2) });
    let view = game.room.view();
    assert_eq!((view.properties, view.spec.unwrap().properties), (properties, vec![]));
    game.ask(set_room("ann", &[("map", "sea")]));
    let view = game.room.view();
    assert_eq!((view.properties[0].value.as_str(), view.spec.unwrap().properties), ("sea", vec![]));
}
