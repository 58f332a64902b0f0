//! `--check`: would the server start? Nothing is changed, and another server may use the data folder meanwhile.

use super::config::print_out;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::wiring::{self, Found};

/// The configuration has been read and checked already; what is left is the data folder. Damage that costs rooms or games
/// is told, and keeps no server from starting.
pub fn would_start(config: &Config) -> Result<(), Failure> {
    let data = &config.server.data;
    match std::fs::read_dir(data) {
        Ok(_) => {}
        // It would be made.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            let message = format!("the data folder {} cannot be read: {error}; see --data", data.display());
            return Err(Failure::new(Exit::DataFolder, message));
        }
    }
    let Found { said, damage } = wiring::look(config)?;
    let mut text = format!("would start (profile {}, data in {})\n", config.profile, data.display());
    said.iter().for_each(|said| text.push_str(&format!("  {said}\n")));
    damage.iter().for_each(|damage| text.push_str(&format!("  damaged: {damage}\n")));
    print_out(&text)
}
