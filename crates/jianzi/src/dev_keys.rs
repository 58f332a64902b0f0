//! The keys of a developer's server: drawn once, kept in the data folder, so that tokens survive restarts.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use clock::Chance;
use platform::Secret;

use crate::config::Config;
use crate::data_folder::DataFolder;
use crate::failure::{Exit, Failure};
use crate::os;

const FILE: &str = "dev-keys.toml";

/// Fills in the secrets that the configuration leaves out.
pub fn fill(config: &mut Config, folder: &DataFolder, chance: &mut Chance) -> Result<(), Failure> {
    let path = folder.path().join(FILE);
    let cannot = |what: &str, why: &dyn std::fmt::Display| {
        Failure::new(Exit::DataFolder, format!("the keys in {} cannot be {what}: {why}", path.display()))
    };
    let mut file = os::open_private_file(&path).map_err(|error| cannot("opened", &error))?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| cannot("read", &error))?;
    let mut keys: BTreeMap<String, String> =
        toml::from_str(&text).map_err(|error| cannot("read", &error.message()))?;
    let known = keys.len();
    let mut key = |name: String| {
        let drawn = || chance.name(52);
        Secret::new(keys.entry(name).or_insert_with(drawn).as_str())
    };
    let server = &mut config.server;
    server.resume_key.get_or_insert_with(|| key("resume_key".to_owned()));
    server.admin_token.get_or_insert_with(|| key("admin_token".to_owned()));
    for app in config.apps.iter_mut().filter(|app| app.jwt_keys.is_empty()) {
        app.jwt_keys.push(key(format!("jwt_key_{}", app.id)));
    }
    if keys.len() > known {
        let text = toml::to_string(&keys).map_err(|error| cannot("written", &error))?;
        let about = "# Keys of a developer's server; without this file new ones are made and everybody logs in again.\n";
        std::io::Seek::rewind(&mut file)
            .and_then(|()| file.write_all(format!("{about}{text}").as_bytes()))
            .and_then(|()| file.sync_all())
            .map_err(|error| cannot("written", &error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Profile;

    #[test]
    fn keys_survive_a_restart_and_what_is_configured_stays() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path()).unwrap();
        let mut first = Config::defaults(Profile::Dev);
        fill(&mut first, &folder, &mut Chance::system()).unwrap();
        let mut second = Config::defaults(Profile::Dev);
        let own = Some(Secret::new("my own"));
        second.server.admin_token = own.clone();
        fill(&mut second, &folder, &mut Chance::system()).unwrap();
        assert_eq!(first.server.resume_key, second.server.resume_key);
        assert_eq!(first.apps[0].jwt_keys, second.apps[0].jwt_keys);
        assert!(first.apps[0].jwt_keys[0].reveal().len() >= 32);
        assert_eq!(second.server.admin_token, own);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(parent.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_broken_file_is_not_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path()).unwrap();
        std::fs::write(parent.path().join(FILE), "resume_key = ").unwrap();
        let failure = fill(&mut Config::defaults(Profile::Dev), &folder, &mut Chance::system()).unwrap_err();
        assert_eq!(failure.exit, Exit::DataFolder);
        assert_eq!(std::fs::read_to_string(parent.path().join(FILE)).unwrap(), "resume_key = ");
    }
}
