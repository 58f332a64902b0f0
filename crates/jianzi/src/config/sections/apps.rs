//! The games that the server serves.

use model::AppId;
use platform::Secret;

use crate::config::Profile;
use crate::config::section::section;
use crate::config::value::Platform;

section! {
    /// A game on one platform; repeat the section for more. The first one is the app of clients that name none.
    pub struct AppSection(profile) {
        /// What the game's clients call it: letters, digits, - _ and .
        pub id: AppId = AppId::new(""),
        /// For people.
        pub name: String = String::new(),
        /// Keys that sign login tokens: at least 32 characters by chance. The first signs, the others still verify, so
        /// that keys can be changed. Dev makes its own.
        pub jwt_keys: Vec<Secret> = Vec::new(),
        /// How players log in. "simulator" believes everybody; outside dev it has to be written down.
        pub platform: Option<Platform> = profile.is_dev().then_some(Platform::Simulator),
    }
}

impl AppSection {
    /// What `jianzi dev` serves when the configuration names no app.
    pub fn demo() -> AppSection {
        AppSection {
            id: AppId::new("jianzi-demo"),
            name: "毽子".to_owned(),
            ..AppSection::defaults(Profile::Dev)
        }
    }
}
