//! Relay rooms: what one says, the others hear, once and in order.

use prost::Message as _;
use protocol::{messages, operation};
use testkit::Player;

use crate::support::{create, join, player, relay_spec, resume, room_id, start};

fn say(player: &mut Player, channel: u32, data: &[u8], to: &[u32]) {
    let relay =
        messages::Relay { channel, data: data.to_vec().into(), to: to.to_vec(), ..Default::default() };
    player.send(operation::RELAY, &relay);
}

fn hear(player: &mut Player) -> messages::Relay {
    messages::Relay::decode(player.next_of(operation::RELAY)).unwrap()
}

#[test]
fn messages_reach_the_others_or_those_named() {
    let server = start();
    let mut players: Vec<_> = ["a", "b", "c"].iter().map(|name| player(&server, name)).collect();
    let created = create(&mut players[0], relay_spec(3));
    let room = room_id(&created);
    let mut channels = vec![created.channel];
    for player in &mut players[1..] {
        channels.push(join(player, &room).channel);
    }
    for (player, channel) in players.iter_mut().zip(&channels) {
        resume(player, *channel, 0);
    }
    for number in 0..100_u8 {
        say(&mut players[0], channels[0], &[number], &[]);
    }
    say(&mut players[0], channels[0], b"only c", &[2]);
    for listener in [1, 2] {
        for number in 0..100_u8 {
            let heard = hear(&mut players[listener]);
            assert_eq!((heard.from, &heard.data[..], heard.channel), (0, &[number][..], channels[listener]));
        }
    }
    assert_eq!(&hear(&mut players[2]).data[..], b"only c");
    say(&mut players[1], channels[1], b"done", &[]);
    assert_eq!(&hear(&mut players[2]).data[..], b"done");
    // What seat 0 said did not come back to it.
    assert_eq!(&hear(&mut players[0]).data[..], b"done");
}
