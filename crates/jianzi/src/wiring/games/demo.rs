//! The demo game with rules in the server, and two patches of it to try: a good one, and one that fails.

use std::sync::Arc;

use bytes::Bytes;
use clock::{Chance, Clock};
use model::AppId;
use releases::{Base, Bundle, Draft, GameKey, PatchName, Patches, PrivateKey, Published, TrustStore};

use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::os;

use super::Games;

const GAME: &str = "jianzi";
const FIRST: &[u8] = include_bytes!("../../../../../games/jianzi/room/dist/jianzi-v1.wasm");
const GOOD: &[u8] = include_bytes!("../../../../../games/jianzi/room/dist/jianzi-v2.wasm");
const BAD: &[u8] = include_bytes!("../../../../../games/jianzi/room/dist/jianzi-v3-bad.wasm");
/// The version of `FIRST`, which both patches mend.
const RELEASE: &str = "1.0.0";
const BY: &str = "demo";

/// Publishes patches of the demo game, signed with a key of this data folder.
pub struct Demo {
    patches: Arc<Patches>,
    games: Vec<GameKey>,
    key: PrivateKey,
    clock: Clock,
}

impl Demo {
    /// Every app has the demo game.
    pub fn install(config: &Config, games: &Games) -> Result<Vec<GameKey>, Failure> {
        let keys = config.apps.iter().map(|app| GameKey { app: app.id.clone(), game: GAME.to_owned() });
        keys.map(|key| {
            let name = PatchName::Release { version: RELEASE.to_owned() }.to_string();
            let installed = games.catalog().install(&key, &name, true, FIRST, BY);
            installed.map(|_| key).map_err(|error| Failure::new(Exit::DataFolder, error))
        })
        .collect()
    }

    /// With a signing key that this server trusts.
    pub fn start(
        config: &Config,
        patches: Arc<Patches>,
        games: Vec<GameKey>,
        clock: Clock,
    ) -> Result<Demo, Failure> {
        let folder = config.patches().trust;
        let failed = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::DataFolder, format!("the demo's key in {}: {why}", folder.display()))
        };
        let key = PrivateKey::draw("demo", &mut Chance::system()).map_err(|error| failed(&error))?;
        os::create_private_folder(&folder).map_err(|error| failed(&error))?;
        // A new key at every start: the secret is never written.
        let text = TrustStore::file("demo", key.public(), &[], None, None).map_err(|error| failed(&error))?;
        if let Err(error) = std::fs::write(folder.join("demo.toml"), text) {
            tracing::warn!(event = "demo_not_trusted", %error, "its patches will be refused");
        }
        Ok(Demo { patches, games, key, clock })
    }

    /// Publishes the good patch or the bad one, as a new version each time.
    pub fn publish(&self, good: bool) -> Result<Vec<Published>, String> {
        let module = if good { GOOD } else { BAD };
        self.games.iter().map(|game| self.publish_one(game, module)).collect()
    }

    pub fn patches(&self) -> &Patches {
        &self.patches
    }

    fn publish_one(&self, game: &GameKey, module: &[u8]) -> Result<Published, String> {
        let versions = self.patches.catalog().game(game).unwrap_or_default();
        let number =
            (1..).find(|number| versions.by_name(&hotfix(*number).to_string()).is_none()).unwrap_or(1);
        let draft = Draft {
            name: hotfix(number),
            app: AppId::new(game.app.as_str()),
            game: game.game.clone(),
            base: Some(Base { version: RELEASE.to_owned(), module: releases::module_hash(FIRST) }),
            abi: 1,
            author: BY.to_owned(),
            made_ms: self.clock.wall_ms(),
            notes: String::new(),
        };
        let mut bundle = Bundle::build(draft, numbered(module, number)).map_err(|error| error.to_string())?;
        bundle.sign(&self.key);
        self.patches.publish(&bundle.write(), None, BY).map_err(|error| error.to_string())
    }
}

fn hotfix(number: u32) -> PatchName {
    PatchName::Hotfix { base: RELEASE.to_owned(), number }
}

/// The module with a custom section that says which one it is: a module is published once, and the demo more often.
fn numbered(module: &[u8], number: u32) -> Bytes {
    const NAME: &[u8] = b"jianzi.number";
    let mut section = vec![0, (1 + NAME.len() + 4) as u8, NAME.len() as u8];
    section.extend_from_slice(NAME);
    section.extend_from_slice(&number.to_le_bytes());
    [module, &section].concat().into()
}
