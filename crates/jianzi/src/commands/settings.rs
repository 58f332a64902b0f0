//! From file, environment and command line to a configuration that was checked.

use std::path::Path;

use crate::cli::Overrides;
use crate::config::{BadConfig, Config, ConfigFile, Profile, check};
use crate::failure::{Exit, Failure};

/// `given` goes before what environment and file say about the profile, `fallback` after.
pub fn load(
    file: Option<&Path>,
    given: Option<Profile>,
    fallback: Profile,
    overrides: Overrides,
) -> Result<Config, Failure> {
    let text = file.map(read).transpose()?;
    let name = file.map(|path| path.display().to_string()).unwrap_or_default();
    let config_file = text.as_deref().map(|text| ConfigFile { name: &name, text });
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let mut config = Config::read(given, fallback, config_file, &environment).map_err(bad)?;
    apply(overrides, &mut config);
    check(&config).map_err(bad)?;
    Ok(config)
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            Exit::Configuration,
            format!("the configuration {} cannot be read: {error}", path.display()),
        )
    })
}

fn apply(overrides: Overrides, config: &mut Config) {
    let server = &mut config.server;
    if !overrides.http.is_empty() {
        server.http = overrides.http;
    }
    if !overrides.tcp.is_empty() {
        server.tcp = overrides.tcp;
    }
    server.admin = overrides.admin.unwrap_or(server.admin);
    if let Some(data) = overrides.data {
        server.data = data;
    }
}

fn bad(problems: BadConfig) -> Failure {
    Failure::new(Exit::Configuration, problems)
}
