//! Properties of messages that the protocol leans on.

use prost::Message;
use protocol::messages::{Frame, Login};

#[test]
fn a_login_begins_with_0x0a() {
    let login = Login { token: "t".into(), build: "1".into(), ..Login::default() };
    assert_eq!(login.encode_to_vec()[0], 0x0a);
}

#[test]
fn the_part_of_a_frame_that_differs_by_seat_is_at_its_end() {
    let shared = Frame { run: 1, tick: 9, ticks: vec![vec![0, 1, 7].into()], ..Frame::default() };
    let for_one_seat = Frame { channel: 3, applied: 41, ..shared.clone() };
    let tail = Frame { channel: 3, applied: 41, ..Frame::default() };
    assert_eq!([shared.encode_to_vec(), tail.encode_to_vec()].concat(), for_one_seat.encode_to_vec());
}
