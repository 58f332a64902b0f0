//! From a bundle's bytes to a version on trial.

use std::sync::PoisonError;
use std::sync::mpsc::channel;

use room_core::modules::LogicRef;
use serde::{Deserialize, Serialize};

use super::{Desk, News, PatchFault, Patches};
use crate::bundle::{Bundle, PatchName};
use crate::catalog::{GameVersions, Version, VersionState};
use crate::game::{GameKey, Share};
use crate::history::{Origin, Step};
use crate::module_shape::ModuleShape;
use crate::rollout::ReplayVerdict;
use crate::trust::{Signer, TrustStore};

/// What became of a bundle that was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    pub game: GameKey,
    pub name: String,
    pub version: u32,
    /// The same bundle had been published before: nothing was done.
    pub already: bool,
    pub state: VersionState,
    pub live: bool,
}

/// What was checked of a bundle, without publishing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub name: String,
    pub game: GameKey,
    pub signer: String,
    pub abi: u32,
    pub module_bytes: u64,
    /// Live rooms can be brought over; otherwise it can be patched for new rooms only.
    pub live: bool,
    /// The version that it would follow; none for the first of a game.
    pub follows: Option<String>,
    /// The same bundle has been published already.
    pub already: bool,
    /// How recent matches went on it; none without a version to compare it with, or when that did not end in time.
    pub replay: Option<ReplayVerdict>,
}

/// A bundle that passed every check that can be made before a replay.
struct Accepted {
    bundle: Bundle,
    signer: Signer,
    live: bool,
    /// It is there already.
    there: Option<Version>,
    stable: Option<Version>,
}

impl Patches {
    /// Checks a bundle, keeps its module and begins its trial. The first version of a game is stable at once. A bundle that was
    /// published before is told as such and changes nothing, but puts its module back if that was lost.
    ///
    /// # Errors
    /// Why it is refused; nothing changed but that the history says so.
    pub fn publish(&self, bytes: &[u8], share: Option<Share>, by: &str) -> Result<Published, PatchFault> {
        self.desk.publish(bytes, share, by)
    }

    /// What publishing would say of a bundle, and how its trial replay would go. Waits for the replay.
    ///
    /// # Errors
    /// Why it would be refused.
    pub fn verify(&self, bytes: &[u8]) -> Result<Verdict, PatchFault> {
        let Accepted { bundle, signer, live, there, stable } = self.desk.check(bytes)?;
        let manifest = bundle.manifest();
        let compared_with = stable.as_ref().filter(|_| there.is_none());
        let replay = compared_with.and_then(|stable| self.desk.replay_now(&bundle, stable));
        Ok(Verdict {
            name: manifest.name.to_string(),
            game: manifest.scope(),
            signer: signer.name,
            abi: manifest.abi,
            module_bytes: manifest.module_bytes,
            live,
            follows: stable.map(|stable| stable.name),
            already: there.is_some(),
            replay,
        })
    }
}

impl Desk {
    fn publish(&self, bytes: &[u8], share: Option<Share>, by: &str) -> Result<Published, PatchFault> {
        let _one_at_a_time = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let accepted = self.check(bytes).inspect_err(|fault| self.note_refusal(bytes, fault, by))?;
        let Accepted { bundle, signer, live, there, stable } = accepted;
        let manifest = bundle.manifest();
        let game = manifest.scope();
        self.catalog.keep(&manifest.module, bundle.module())?;
        let name = manifest.name.to_string();
        if let Some(Version { number, state, live, .. }) = there {
            return Ok(Published { game, name, version: number, already: true, state, live });
        }
        let origin = Origin::Bundle {
            signer: signer.name,
            key: signer.key,
            author: manifest.author.clone(),
            made_ms: manifest.made_ms,
            notes: manifest.notes.clone(),
        };
        let version = self.catalog.next(&game, &name, manifest.module, live, origin);
        let number = version.number;
        let share = share.unwrap_or(self.config.share);
        self.catalog.record(by, &game, Step::Published { version, share })?;
        tracing::info!(event = "patch_published", %game, name, version = number, by, "{name} of {game} is published");
        match stable {
            Some(_) => self.begin(&game),
            // It changes no room, and there is no game without it.
            None => self.begin_now(&game),
        }
        // Fails only when the server is stopping; the next start goes on.
        let _ = self.news.send(News::Look);
        let version = self.catalog.game(&game).and_then(|game| game.version(number).cloned());
        let state = version.map_or(VersionState::Published, |version| version.state);
        Ok(Published { game, name, version: number, already: false, state, live })
    }

    fn check(&self, bytes: &[u8]) -> Result<Accepted, PatchFault> {
        let bundle = Bundle::read(bytes)?;
        // Who signed comes first: what strangers send is not looked into.
        let signer = TrustStore::read(&self.config.trust)?.check(&bundle, self.parts.clock.wall_ms())?;
        let manifest = bundle.manifest();
        let game = self.catalog.game(&manifest.scope()).unwrap_or_default();
        let there = already_there(&bundle, &game)?;
        if there.is_none() {
            check_base(&bundle, &game)?;
        }
        let shape = ModuleShape::of(bundle.module())?;
        let abi = shape.abi.unwrap_or(manifest.abi);
        let spoken = game_abi::OLDEST_VERSION..=game_abi::VERSION;
        if let Some(other) = [manifest.abi, abi].into_iter().find(|abi| !spoken.contains(abi)) {
            let newest = spoken.end();
            let refused = format!("it was built for ABI {other}, this server speaks ABI {newest}");
            return Err(PatchFault::WrongBase(refused));
        }
        self.parts.loader.load(bundle.module()).map_err(PatchFault::Engine)?;
        let stable = game.stable().cloned();
        let live = shape.can_be_swapped() && stable.as_ref().is_none_or(|stable| self.can_save(stable));
        Ok(Accepted { bundle, signer, live, there, stable })
    }

    /// Rooms of a version that cannot save stay with it until they end.
    fn can_save(&self, version: &Version) -> bool {
        let module = self.catalog.module(&version.module).ok();
        // One that is lost is told elsewhere.
        module.and_then(|module| ModuleShape::of(&module).ok()).is_none_or(|shape| shape.save)
    }

    fn replay_now(&self, bundle: &Bundle, stable: &Version) -> Option<ReplayVerdict> {
        let game = bundle.manifest().scope();
        let hash = bundle.manifest().module;
        let version = self.catalog.next(&game, "", hash, false, Origin::Unsigned).number;
        let on = LogicRef { game: game.game.clone(), version, hash };
        let (sender, verdict) = channel();
        let done = move |verdict| {
            // Fails when nobody waits any more.
            let _ = sender.send(verdict);
        };
        self.parts.replay.replay(&game, &stable.logic(&game), &on, Box::new(done));
        verdict.recv_timeout(self.config.rollout.replay_within).ok()
    }

    fn note_refusal(&self, bytes: &[u8], fault: &PatchFault, by: &str) {
        let (game, name) = match Bundle::read(bytes) {
            Ok(bundle) => (bundle.manifest().scope(), bundle.manifest().name.to_string()),
            Err(_) => (GameKey::new("", ""), String::new()),
        };
        let why = fault.to_string();
        tracing::warn!(event = "patch_refused", %game, name, by, "a patch is refused: {why}");
        if let Err(error) = self.catalog.record(by, &game, Step::PublishRefused { name, why }) {
            tracing::error!(event = "history_not_written", %error);
        }
    }
}

/// The version that this very bundle made, if it did.
fn already_there(bundle: &Bundle, game: &GameVersions) -> Result<Option<Version>, PatchFault> {
    let manifest = bundle.manifest();
    let name = manifest.name.to_string();
    match (game.by_name(&name), game.by_module(&manifest.module)) {
        (Some(there), _) if there.module == manifest.module => Ok(Some(there.clone())),
        (Some(_), _) => Err(PatchFault::WrongBase(format!(
            "{name} has been published with another module; a name is used once, take the next number"
        ))),
        (None, Some(same)) => {
            let advice = match same.state {
                VersionState::RollingBack | VersionState::RolledBack | VersionState::Refused => {
                    "; to try it again, build it anew with any change, so that its hash is another"
                }
                _ => "",
            };
            let (name, state) = (&same.name, word(same.state));
            let why = format!("its module is that of {name}, which was published before ({state}){advice}");
            Err(PatchFault::WrongBase(why))
        }
        (None, None) => Ok(None),
    }
}

fn check_base(bundle: &Bundle, game: &GameVersions) -> Result<(), PatchFault> {
    let manifest = bundle.manifest();
    if let Some(trial) = game.trial.as_ref().and_then(|trial| game.version(trial.version)) {
        return Err(PatchFault::NotNow(format!(
            "{} is under way ({}); promote it or roll it back first",
            trial.name,
            word(trial.state)
        )));
    }
    let wrong = |why: String| Err(PatchFault::WrongBase(why));
    let (Some(base), Some(stable)) = (&manifest.base, game.stable()) else {
        return match &manifest.base {
            Some(base) => wrong(format!("its base {} is not on this server", base.version)),
            None => Ok(()),
        };
    };
    // The release itself, or an earlier mending of it; one that was put in without a bundle goes by its module alone.
    let line = stable.name.parse::<PatchName>().ok();
    let same_line = line.as_ref().is_some_and(|name| name.line() == base.version);
    if !same_line && stable.module != base.module {
        return wrong(format!("it mends {}, and what is stable here is {}", base.version, stable.name));
    }
    if !same_line && line.is_some() {
        return wrong(format!(
            "it was made for {}, whose module here is that of {}",
            base.version, stable.name
        ));
    }
    let release = PatchName::Release { version: base.version.clone() }.to_string();
    let known = game.by_module(&base.module);
    if known.is_none_or(|known| known.name != release && known.module != stable.module) {
        return wrong(format!(
            "it was made for another {}: its base has the module {:.12}, which is not here",
            base.version, base.module
        ));
    }
    let before = line.filter(|_| same_line).map_or(0, |name| name.number());
    if manifest.name.number() <= before {
        return wrong(format!("{} is stable already, which is as new or newer", stable.name));
    }
    Ok(())
}

pub(super) fn word(state: VersionState) -> &'static str {
    match state {
        VersionState::Published => "being verified",
        VersionState::Canary => "canary",
        VersionState::Confirmed => "confirmed",
        VersionState::RollingBack => "rolling back",
        VersionState::RolledBack => "rolled back",
        VersionState::Refused => "refused",
    }
}
