//! Every option with its meaning and default, as a configuration file.

use super::section::{Described, Section};
use super::sections::{AppSection, BuildSection};
use super::{Config, Profile, SECTIONS};

/// A file that reads as the defaults of the profile and explains every option.
pub fn print(profile: Profile) -> String {
    let config = Config::defaults(profile);
    let mut out = format!(
        "# Jianzi's configuration: every option with the default of the profile \"{profile}\".\n\
         # An option left out keeps its default. The environment overrides the file: JIANZI_GATEWAY__HEARTBEAT=20s,\n\
         # JIANZI_APPS__0__JWT_KEYS=…; an option without a default is shown behind a #.\n\n\
         # Chooses defaults and how strict the checks are: \"dev\", \"staging\" or \"production\".\n\
         profile = \"{profile}\"\n"
    );
    for name in SECTIONS {
        if let Some(section) = config.section(name) {
            let elsewhere: Vec<_> = Profile::ALL
                .into_iter()
                .filter(|other| *other != profile)
                .filter_map(|other| Some((other, Config::defaults(other).section(name)?.options())))
                .collect();
            print_section(&mut out, &format!("[{name}]"), section, &elsewhere, false);
        }
    }
    if config.apps.is_empty() {
        print_section(&mut out, "[[apps]]", &AppSection::defaults(profile), &[], true);
    }
    for app in &config.apps {
        print_section(&mut out, "[[apps]]", app, &[], false);
    }
    print_section(&mut out, "[[builds]]", &BuildSection::defaults(profile), &[], true);
    out
}

/// `as_example`: the whole section stands behind a #.
fn print_section(
    out: &mut String,
    heading: &str,
    section: &dyn Section,
    elsewhere: &[(Profile, Vec<Described>)],
    as_example: bool,
) {
    let hash = if as_example { "# " } else { "" };
    out.push('\n');
    for line in section.about() {
        out.push_str(&format!("#{line}\n"));
    }
    out.push_str(&format!("{hash}{heading}\n"));
    for option in section.options() {
        out.push('\n');
        for line in option.help {
            out.push_str(&format!("#{line}\n"));
        }
        for (profile, options) in elsewhere {
            let other = options.iter().find(|other| other.key == option.key);
            if let Some(shown) =
                other.and_then(|other| other.shown.as_ref()).filter(|o| Some(*o) != option.shown.as_ref())
            {
                out.push_str(&format!("# Default in {profile}: {shown}\n"));
            }
        }
        match option.shown {
            Some(shown) => out.push_str(&format!("{hash}{} = {shown}\n", option.key)),
            None => out.push_str(&format!("# {} = {}\n", option.key, option.example)),
        }
    }
}
