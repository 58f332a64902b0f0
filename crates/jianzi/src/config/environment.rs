//! Overrides from the environment: `JIANZI_<SECTION>__<KEY>`, for a list `JIANZI_<LIST>__<INDEX>__<KEY>`, and
//! `JIANZI_PROFILE`. Values are written as in the file; the quotes of a text may be left out.

use super::file::given_in_environment;
use super::problem::Problem;
use super::section::Section;
use super::value::Given;
use super::{Config, LISTS, Profile, SECTIONS};

const PREFIX: &str = "JIANZI_";

/// `JIANZI_PROFILE`.
pub fn profile(environment: &[(String, String)], problems: &mut Vec<Problem>) -> Option<Profile> {
    let (name, value) = environment.iter().find(|(name, _)| name == "JIANZI_PROFILE")?;
    value.parse().map_err(|message: String| problems.push(Problem::new(name, message))).ok()
}

/// Variables without `__` are not settings and left alone.
pub fn apply(environment: &[(String, String)], config: &mut Config, problems: &mut Vec<Problem>) {
    for (name, value) in environment {
        let Some((section, key)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once("__")) else {
            continue;
        };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        let outcome = match find(config, &section, &key) {
            Ok((found, key)) if found.keys().contains(&key.as_str()) => set(found, &key, value),
            Ok((found, key)) => {
                problems.push(Problem::unknown_key(name, "key", &key, found.keys()));
                continue;
            }
            Err(message) => Err(message),
        };
        if let Err(message) = outcome {
            problems.push(Problem::new(name, message));
        }
    }
}

fn find<'c>(
    config: &'c mut Config,
    section: &str,
    key: &str,
) -> Result<(&'c mut dyn Section, String), String> {
    if LISTS.contains(&section) {
        let item = key.split_once("__").and_then(|(index, key)| Some((index.parse().ok()?, key)));
        let Some((index, key)) = item else {
            return Err(format!(
                "an item of {section} is written JIANZI_{}__0__KEY",
                section.to_ascii_uppercase()
            ));
        };
        return match config.item_mut(section, index) {
            Some(item) => Ok((item, key.to_owned())),
            None => Err(format!("there are not so many {section} in the configuration")),
        };
    }
    match config.section_mut(section) {
        Some(found) => Ok((found, key.to_owned())),
        None => {
            let known: Vec<&str> = SECTIONS.into_iter().chain(LISTS).collect();
            Err(Problem::unknown_key("", "section", section, &known).message)
        }
    }
}

/// A text such as `true` or `10` may be meant for an option that is a text.
fn set(section: &mut dyn Section, key: &str, value: &str) -> Result<(), String> {
    let as_toml = section.set(key, &given_in_environment(value));
    as_toml.or_else(|message| section.set(key, &Given::Text(value.to_owned())).map_err(|_| message))
}
