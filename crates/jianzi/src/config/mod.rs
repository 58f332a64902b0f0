//! The configuration: defaults of a profile, then the file, then the environment, then the command line.
//!
//! To add an option: one documented field in its section under `sections/`. The doc comment is what `jianzi config`
//! prints, the expression its default (it may ask for the profile), the type how it is read and shown.

mod section;

pub mod sections;

mod check;
mod environment;
mod file;
mod parts;
mod print;
mod problem;
mod profile;
pub mod value;

use sections::{
    AlertsSection, AppSection, BuildSection, CorsSection, CrashesSection, GamesSection, GatewaySection,
    JournalSection, LimitsSection, LogSection, LoginSection, MatchSection, RoomsSection, ServerSection,
    TlsSection,
};

pub use check::check;
pub use print::print;
pub use problem::BadConfig;
pub use profile::Profile;

use section::Section;

/// Everything that an operator can choose.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub profile: Profile,
    pub server: ServerSection,
    pub tls: TlsSection,
    pub gateway: GatewaySection,
    pub limits: LimitsSection,
    pub login: LoginSection,
    pub rooms: RoomsSection,
    pub journal: JournalSection,
    pub games: GamesSection,
    pub matchmaking: MatchSection,
    pub log: LogSection,
    pub cors: CorsSection,
    pub crashes: CrashesSection,
    pub alerts: AlertsSection,
    /// The first one is the app of clients that name none.
    pub apps: Vec<AppSection>,
    /// In order; the first that fits decides.
    pub builds: Vec<BuildSection>,
    /// `--lan`: show a code for phones once ready. Not an option of the file.
    pub lan: bool,
    /// `--game`: the folder of a game that is built from its source. Not an option of the file.
    pub game: Option<std::path::PathBuf>,
}

/// A configuration file as it was read.
#[derive(Clone, Copy, Debug)]
pub struct ConfigFile<'a> {
    /// For messages.
    pub name: &'a str,
    pub text: &'a str,
}

impl Config {
    pub fn defaults(profile: Profile) -> Config {
        Config {
            profile,
            server: ServerSection::defaults(profile),
            tls: TlsSection::defaults(profile),
            gateway: GatewaySection::defaults(profile),
            limits: LimitsSection::defaults(profile),
            login: LoginSection::defaults(profile),
            rooms: RoomsSection::defaults(profile),
            journal: JournalSection::defaults(profile),
            games: GamesSection::defaults(profile),
            matchmaking: MatchSection::defaults(profile),
            log: LogSection::defaults(profile),
            cors: CorsSection::defaults(profile),
            crashes: CrashesSection::defaults(profile),
            alerts: AlertsSection::defaults(profile),
            apps: match profile {
                Profile::Dev => vec![AppSection::demo()],
                Profile::Staging | Profile::Production => Vec::new(),
            },
            builds: Vec::new(),
            lan: false,
            game: None,
        }
    }

    /// Reads file and environment over the defaults of a profile: the given one, or else the one that environment or
    /// file name, or else `fallback`. Says everything that is wrong, not only the first; [`check`] is still to come.
    pub fn read(
        given: Option<Profile>,
        fallback: Profile,
        file: Option<ConfigFile<'_>>,
        environment: &[(String, String)],
    ) -> Result<Config, BadConfig> {
        let mut problems = Vec::new();
        let parsed = file
            .map(|file| file::Parsed::new(file).map_err(|problem| BadConfig(vec![problem])))
            .transpose()?;
        let from_environment = environment::profile(environment, &mut problems);
        let from_file = parsed.as_ref().and_then(|parsed| parsed.profile(&mut problems));
        let profile = given.or(from_environment).or(from_file).unwrap_or(fallback);
        let mut config = Config::defaults(profile);
        if let Some(parsed) = parsed {
            parsed.apply(&mut config, &mut problems);
        }
        environment::apply(environment, &mut config, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(BadConfig(problems)) }
    }

    /// One of [`SECTIONS`].
    fn section(&self, name: &str) -> Option<&dyn Section> {
        Some(match name {
            "server" => &self.server,
            "tls" => &self.tls,
            "gateway" => &self.gateway,
            "limits" => &self.limits,
            "login" => &self.login,
            "rooms" => &self.rooms,
            "journal" => &self.journal,
            "games" => &self.games,
            "match" => &self.matchmaking,
            "log" => &self.log,
            "cors" => &self.cors,
            "crashes" => &self.crashes,
            "alerts" => &self.alerts,
            _ => return None,
        })
    }

    fn section_mut(&mut self, name: &str) -> Option<&mut dyn Section> {
        Some(match name {
            "server" => &mut self.server,
            "tls" => &mut self.tls,
            "gateway" => &mut self.gateway,
            "limits" => &mut self.limits,
            "login" => &mut self.login,
            "rooms" => &mut self.rooms,
            "journal" => &mut self.journal,
            "games" => &mut self.games,
            "match" => &mut self.matchmaking,
            "log" => &mut self.log,
            "cors" => &mut self.cors,
            "crashes" => &mut self.crashes,
            "alerts" => &mut self.alerts,
            _ => return None,
        })
    }

    fn item_mut(&mut self, list: &str, index: usize) -> Option<&mut dyn Section> {
        match list {
            "apps" => self.apps.get_mut(index).map(|app| app as &mut dyn Section),
            "builds" => self.builds.get_mut(index).map(|build| build as &mut dyn Section),
            _ => None,
        }
    }

    /// Puts this many items of defaults into one of [`LISTS`].
    fn renew_list(&mut self, list: &str, length: usize) {
        let profile = self.profile;
        match list {
            "apps" => self.apps = (0..length).map(|_| AppSection::defaults(profile)).collect(),
            "builds" => self.builds = (0..length).map(|_| BuildSection::defaults(profile)).collect(),
            _ => {}
        }
    }
}

/// Written `[name]`, in the order in which they are printed.
const SECTIONS: [&str; 13] = [
    "server", "tls", "gateway", "limits", "login", "rooms", "journal", "games", "match", "log", "cors",
    "crashes", "alerts",
];
/// Written `[[name]]`, once for each item.
const LISTS: [&str; 2] = ["apps", "builds"];

#[cfg(test)]
mod tests;
