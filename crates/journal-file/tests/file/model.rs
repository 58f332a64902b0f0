//! A naive journal, a list of what was done, beside the real one on a simulated disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use clock::Chance;
use journal::{Batch, Journal, JournalEvent, Level, Record};
use journal_file::testing::SimFolder;
use journal_file::{FileJournal, FileJournalConfig};
use model::{AppId, Epoch, Partition, Position, RoomKey};

pub const PARTITIONS: Partition = 2;
const ROOMS: u64 = 4;

/// The real journal, and what was asked of it so far.
pub struct Pair {
    pub sim: SimFolder,
    pub chance: Chance,
    config: FileJournalConfig,
    journal: Option<FileJournal>,
    done: Vec<Deed>,
    /// So many deeds were acknowledged, and so many at `Synced`.
    written: usize,
    synced: usize,
    sequences: HashMap<Partition, u64>,
    texts: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    Kill,
    PowerCut,
}

#[derive(Clone, Debug)]
enum Deed {
    Record { room: RoomKey, position: Position, text: String },
    Image { room: RoomKey, at: Position, text: String },
    Trim { room: RoomKey, before: Position },
    Forget { room: RoomKey },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    rooms: BTreeMap<RoomKey, Room>,
    lasts: BTreeMap<Partition, Position>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Room {
    records: Vec<(Position, String)>,
    image: Option<(Position, String)>,
}

impl Pair {
    pub fn new(seed: u64, config: FileJournalConfig) -> Pair {
        let mut pair = Pair {
            sim: SimFolder::new(seed),
            chance: Chance::seeded(seed),
            config,
            journal: None,
            done: Vec::new(),
            written: 0,
            synced: 0,
            sequences: HashMap::new(),
            texts: 0,
        };
        pair.open(Death::Kill);
        pair
    }

    /// Some records of some rooms, in one batch.
    pub fn submit(&mut self, level: Level) {
        let partition = self.chance.below(u64::from(PARTITIONS)) as Partition;
        let epoch = self.journal().epoch();
        let mut records = Vec::new();
        for _ in 0..1 + self.chance.below(4) {
            let room = self.room_of(partition);
            let sequence = self.sequences.entry(partition).or_default();
            *sequence += 1;
            let position = Position { epoch, sequence: *sequence };
            let text = self.text(30);
            self.done.push(Deed::Record { room: room.clone(), position, text: text.clone() });
            records.push(Record { room, position, bytes: Bytes::from(text) });
        }
        let batch = Batch { partition, level, records };
        if !self.is_durable(batch.clone()) {
            self.end_faults();
            if !self.is_durable(batch) {
                assert!(self.sim.has_crashed(), "the journal does not recover");
                return;
            }
        }
        self.written = self.done.len();
        if level == Level::Synced {
            self.synced = self.done.len();
        }
    }

    pub fn put_image(&mut self) {
        let partition = self.chance.below(u64::from(PARTITIONS)) as Partition;
        let (room, text) = (self.room_of(partition), self.text(300));
        let at = self.some_position(partition);
        self.done.push(Deed::Image { room: room.clone(), at, text: text.clone() });
        self.ask(|journal| journal.put_image(&room, at, Bytes::from(text.clone())));
    }

    pub fn trim(&mut self) {
        let partition = self.chance.below(u64::from(PARTITIONS)) as Partition;
        let (room, before) = (self.room_of(partition), self.some_position(partition));
        self.done.push(Deed::Trim { room: room.clone(), before });
        self.ask(|journal| journal.trim(&room, before));
    }

    pub fn forget(&mut self) {
        let partition = self.chance.below(u64::from(PARTITIONS)) as Partition;
        let room = self.room_of(partition);
        self.done.push(Deed::Forget { room: room.clone() });
        self.ask(|journal| journal.forget(&room));
    }

    pub fn tidy(&mut self) {
        if self.journal().tidy().is_err() {
            self.end_faults();
            // What failed to be synced is written again when somebody asks for a sync.
            self.submit(Level::Synced);
            let recovered = self.journal().tidy();
            assert!(
                recovered.is_ok() || self.sim.has_crashed(),
                "the journal does not recover: {recovered:?}"
            );
        }
    }

    /// An orderly end and a new start: nothing may be missing.
    pub fn reopen(&mut self) {
        self.end_faults();
        self.journal = None;
        if !self.sim.has_crashed() {
            self.written = self.done.len();
        }
        self.open(Death::Kill);
    }

    /// The end of the process or of the machine, and a new start.
    pub fn die(&mut self, death: Death) {
        match death {
            Death::Kill => self.sim.kill(),
            Death::PowerCut => self.sim.power_cut(),
        }
        self.end_faults();
        self.journal = None;
        self.open(death);
    }

    /// The same, and the new start finds no space. It reads all there is, and takes nothing until there is.
    pub fn die_on_a_full_disk(&mut self, death: Death) {
        match death {
            Death::Kill => self.sim.kill(),
            Death::PowerCut => self.sim.power_cut(),
        }
        self.end_faults();
        self.journal = None;
        self.sim.set_space(Some(self.sim.used()));
        self.open(death);
    }

    /// Everything that can be read is as it was done.
    pub fn check(&mut self) {
        self.end_faults();
        let observed = self.try_observe();
        assert!(observed.is_some() || self.sim.has_crashed(), "a journal that cannot be read");
        observed.into_iter().for_each(|observed| assert_eq!(observed, state_of(&self.done)));
    }

    fn open(&mut self, death: Death) {
        let journal = loop {
            match FileJournal::open_in(self.sim.process(), self.config.clone()) {
                Ok(journal) => break journal,
                Err(error) => {
                    assert!(self.sim.has_crashed(), "{error}");
                    self.sim.kill();
                }
            }
        };
        self.journal = Some(journal);
        self.sequences.clear();
        let Some(observed) = self.try_observe() else {
            self.die(death);
            return;
        };
        let least = if death == Death::Kill { self.written } else { self.synced };
        let kept = (least..=self.done.len()).rev().find(|kept| state_of(&self.done[..*kept]) == observed);
        let kept = kept.unwrap_or_else(|| {
            let (must, may) = (state_of(&self.done[..least]), state_of(&self.done));
            panic!("after {death:?} there is\n{observed:#?}\nat least\n{must:#?}\nat most\n{may:#?}");
        });
        self.done.truncate(kept);
        self.written = kept;
        self.synced = if death == Death::PowerCut { kept } else { self.synced.min(kept) };
        self.refuses_older_epochs();
    }

    fn refuses_older_epochs(&mut self) {
        let epoch = self.journal().epoch() - 1;
        if epoch == 0 || self.sim.has_crashed() {
            return;
        }
        let room = self.room_of(0);
        let record = Record { room, position: Position { epoch, sequence: 1 << 40 }, bytes: Bytes::new() };
        let batch = Batch { partition: 0, level: Level::Written, records: vec![record] };
        assert!(!self.is_durable(batch), "an older epoch writes");
    }

    /// `None` if the process died meanwhile.
    fn try_observe(&mut self) -> Option<State> {
        let journal = self.journal.as_ref().expect("an open journal");
        let limit = 1 + self.chance.below(200) as usize;
        let mut state = State::default();
        for partition in 0..PARTITIONS {
            match observe_partition(journal, partition, journal.epoch(), limit, &mut state) {
                Ok(()) => {}
                Err(_) if self.sim.has_crashed() => return None,
                Err(error) => panic!("{error}"),
            }
        }
        (!self.sim.has_crashed()).then_some(state)
    }

    fn is_durable(&self, batch: Batch) -> bool {
        let (sender, receiver) = mpsc::channel();
        self.journal().submit(batch, Box::new(move |event| sender.send(event).unwrap_or_default()));
        let event = receiver.recv_timeout(Duration::from_secs(20)).expect("an answer within 20 s");
        matches!(event, JournalEvent::DurableUpTo { .. })
    }

    fn ask(&mut self, ask: impl Fn(&FileJournal) -> Result<(), journal::JournalError>) {
        if ask(self.journal()).is_err() {
            self.end_faults();
            if let Err(error) = ask(self.journal()) {
                assert!(self.sim.has_crashed(), "the journal does not recover: {error}");
                return;
            }
        }
        self.written = self.done.len();
    }

    fn end_faults(&self) {
        self.sim.set_space(None);
        self.sim.fail_syncs(0);
        self.sim.fail_writes(0);
    }

    fn journal(&self) -> &FileJournal {
        self.journal.as_ref().expect("an open journal")
    }

    fn room_of(&mut self, partition: Partition) -> RoomKey {
        let number = self.chance.below(ROOMS);
        let room = format!("{partition}-number{number}").parse().expect("a room id");
        RoomKey { app: AppId::new("app"), room }
    }

    fn some_position(&mut self, partition: Partition) -> Position {
        let epoch = self.journal().epoch();
        let newest = self.sequences.get(&partition).copied().unwrap_or_default();
        Position { epoch, sequence: self.chance.below(newest + 2) }
    }

    fn text(&mut self, longest: u64) -> String {
        self.texts += 1;
        let length = self.chance.below(longest) as usize;
        format!("{} {}", self.texts, "x".repeat(length))
    }
}

fn observe_partition(
    journal: &FileJournal,
    partition: Partition,
    epoch: Epoch,
    limit: usize,
    state: &mut State,
) -> Result<(), journal::JournalError> {
    let last = journal.fence(partition, epoch)?;
    if last != Position::default() {
        state.lasts.insert(partition, last);
    }
    let mut all = Vec::new();
    for key in journal.rooms(partition)? {
        let records = pages(|after| journal.read_room(&key, after, limit))?;
        let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).expect("text");
        let image = journal.image(&key)?.map(|(at, bytes)| (at, text(&bytes)));
        let texts = records.iter().map(|record| (record.position, text(&record.bytes))).collect();
        all.extend(records);
        state.rooms.insert(key, Room { records: texts, image });
    }
    all.sort_by_key(|record| record.position);
    assert_eq!(pages(|after| journal.read(partition, after, limit))?, all);
    Ok(())
}

fn pages(
    read: impl Fn(Position) -> Result<Vec<Record>, journal::JournalError>,
) -> Result<Vec<Record>, journal::JournalError> {
    let (mut all, mut after) = (Vec::new(), Position::default());
    loop {
        let page = read(after)?;
        let Some(last) = page.last() else { return Ok(all) };
        after = last.position;
        all.extend(page);
    }
}

fn state_of(deeds: &[Deed]) -> State {
    let mut state = State::default();
    let mut trimmed: HashMap<&RoomKey, Position> = HashMap::new();
    for deed in deeds {
        match deed {
            Deed::Record { room, position, text } => {
                state.lasts.insert(room.room.partition(), *position);
                state.rooms.entry(room.clone()).or_default().records.push((*position, text.clone()));
            }
            Deed::Image { room, at, text } => {
                let room = state.rooms.entry(room.clone()).or_default();
                if room.image.as_ref().is_none_or(|(held, _)| held <= at) {
                    room.image = Some((*at, text.clone()));
                }
            }
            Deed::Trim { room: key, before } => {
                let Some(room) = state.rooms.get_mut(key) else { continue };
                let Some((at, _)) = room.image else { continue };
                room.records.retain(|(position, _)| position >= before || *position > at);
                trimmed.insert(key, *before);
            }
            Deed::Forget { room } => {
                state.rooms.remove(room);
            }
        }
    }
    state
}
