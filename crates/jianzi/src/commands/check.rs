//! `--check`: would the server start? Nothing is changed, and another server may use the data folder meanwhile.

use super::config::print_out;
use crate::config::Config;
use crate::failure::{Exit, Failure};

/// The configuration has been read and checked already; what is left is the data folder.
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
    print_out(&format!("would start (profile {}, data in {})\n", config.profile, data.display()))
}
