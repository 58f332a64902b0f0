//! What the host tells a room: numbers and texts, little-endian, each text behind its length.

use core::str;

/// How the room was wished for.
#[derive(Clone, Copy, Debug)]
pub struct Config<'a> {
    /// The room's seed; [`Room::random`](crate::Room::random) draws from it too.
    pub seed: u32,
    pub tick_hz: u32,
    /// Bots included.
    pub seats: u32,
    /// The last seats, which the rules play themselves.
    pub bots: u32,
    properties: Reader<'a>,
    count: u32,
}

/// Who has taken a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Player<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

impl<'a> Config<'a> {
    /// `None` if the bytes are not what the ABI says.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Config<'a>> {
        let mut reader = Reader(bytes);
        let [seed, tick_hz, seats, bots, count] =
            [reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?];
        let config = Config { seed, tick_hz, seats, bots, properties: reader, count };
        for _ in 0..count {
            reader.text()?;
            reader.text()?;
        }
        reader.0.is_empty().then_some(config)
    }

    /// One of the properties that the room was founded with.
    pub fn property(&self, key: &str) -> Option<&'a str> {
        self.properties().find_map(|(name, value)| (name == key).then_some(value))
    }

    /// In order of their keys.
    pub fn properties(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut reader = self.properties;
        (0..self.count).map_while(move |_| Some((reader.text()?, reader.text()?)))
    }
}

impl<'a> Player<'a> {
    #[cfg(any(target_arch = "wasm32", test))]
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Player<'a>> {
        let mut reader = Reader(bytes);
        let player = Player { id: reader.text()?, name: reader.text()? };
        reader.0.is_empty().then_some(player)
    }
}

#[derive(Clone, Copy, Debug)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*number))
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.u32()? as usize;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        str::from_utf8(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
    }

    #[test]
    fn a_configuration_is_read_whole_or_not_at_all() {
        let numbers: Vec<u8> = [7u32, 20, 4, 1, 2].iter().flat_map(|number| number.to_le_bytes()).collect();
        let bytes = [numbers, text("map"), text("court"), text("wind"), text("")].concat();
        let config = Config::read(&bytes).expect("it is whole");
        assert_eq!((config.seed, config.tick_hz, config.seats, config.bots), (7, 20, 4, 1));
        assert_eq!(config.property("map"), Some("court"));
        assert_eq!(config.property("wind"), Some(""));
        assert_eq!(config.property("rain"), None);
        assert_eq!(config.properties().count(), 2);
        for cut in 0..bytes.len() {
            assert!(Config::read(&bytes[..cut]).is_none(), "{cut}");
        }
        assert!(Config::read(&[&bytes[..], &[0]].concat()).is_none());
    }

    #[test]
    fn garbage_is_refused() {
        assert!(Config::read(&[255; 64]).is_none());
        assert!(Player::read(&[255; 64]).is_none());
        assert!(Player::read(&[1, 0, 0, 0, 0xff, 0, 0, 0, 0]).is_none(), "not UTF-8");
        let bytes = [text("p1"), text("毽子")].concat();
        assert_eq!(Player::read(&bytes), Some(Player { id: "p1", name: "毽子" }));
    }
}
