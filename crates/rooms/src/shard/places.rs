//! A shard's rooms, each in its place. A room that is away keeps its place, and what is asked of it waits there.

use std::ops::{Index, IndexMut};

use slab::Slab;

use super::RoomAt;
use super::hosted::Hosted;
use super::ward::Ward;

#[derive(Default)]
pub(super) struct Places(Slab<Place>);

struct Place {
    /// `None` while the room is away.
    hosted: Option<Hosted>,
    /// Of a room in quarantine.
    ward: Option<Box<Ward>>,
}

impl Places {
    /// Where the next room will be.
    pub fn next_index(&self) -> usize {
        self.0.vacant_key()
    }

    pub fn add(&mut self, hosted: Hosted) {
        self.0.insert(Place { hosted: Some(hosted), ward: None });
    }

    /// The room, if it is there and at home.
    pub fn get(&self, index: usize) -> Option<&Hosted> {
        self.0.get(index)?.hosted.as_ref()
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut Hosted> {
        self.0.get_mut(index)?.hosted.as_mut()
    }

    /// Gives the place away with the room. A room that is not at home keeps it.
    pub fn try_remove(&mut self, index: usize) -> Option<Hosted> {
        self.get(index)?;
        self.0.try_remove(index)?.hosted
    }

    /// Takes the room out of its place for a while.
    pub fn lend(&mut self, at: RoomAt) -> Option<Hosted> {
        self.0.get_mut(at.index as usize)?.hosted.take_if(|hosted| hosted.at == at)
    }

    pub fn put_back(&mut self, hosted: Hosted) {
        if let Some(place) = self.0.get_mut(hosted.at.index as usize) {
            place.hosted = Some(hosted);
        }
    }

    /// Of a room in quarantine, at home or away.
    pub fn ward(&self, at: RoomAt) -> Option<&Ward> {
        self.0.get(at.index as usize)?.ward.as_deref().filter(|ward| ward.at == at)
    }

    pub fn ward_mut(&mut self, at: RoomAt) -> Option<&mut Ward> {
        self.0.get_mut(at.index as usize)?.ward.as_deref_mut().filter(|ward| ward.at == at)
    }

    pub fn open_ward(&mut self, ward: Ward) {
        if let Some(place) = self.0.get_mut(ward.at.index as usize) {
            place.ward = Some(Box::new(ward));
        }
    }

    pub fn close_ward(&mut self, at: RoomAt) -> Option<Box<Ward>> {
        self.0.get_mut(at.index as usize)?.ward.take_if(|ward| ward.at == at)
    }

    pub fn is_away(&self, at: RoomAt) -> bool {
        self.ward(at).is_some() && self.get(at.index as usize).is_none()
    }

    /// Whether something noted of the room may still hold. Nobody can tell of a room that is away.
    pub fn agrees(&self, at: RoomAt, still: impl Fn(&Hosted) -> bool) -> bool {
        match self.get(at.index as usize) {
            Some(hosted) => hosted.at == at && still(hosted),
            None => self.ward(at).is_some(),
        }
    }

    /// All rooms at home.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Hosted)> {
        self.0.iter().filter_map(|(index, place)| place.hosted.as_ref().map(|hosted| (index, hosted)))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (usize, &mut Hosted)> {
        self.0.iter_mut().filter_map(|(index, place)| place.hosted.as_mut().map(|hosted| (index, hosted)))
    }

    /// Those that are away, too.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }

    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }
}

/// Of a room that is known to be at home: whatever concerns one that is away waits in its ward.
impl Index<usize> for Places {
    type Output = Hosted;

    #[expect(clippy::expect_used, reason = "as for an index that is out of bounds")]
    fn index(&self, index: usize) -> &Hosted {
        self.get(index).expect("the room is at home")
    }
}

impl IndexMut<usize> for Places {
    #[expect(clippy::expect_used, reason = "as for an index that is out of bounds")]
    fn index_mut(&mut self, index: usize) -> &mut Hosted {
        self.get_mut(index).expect("the room is at home")
    }
}
