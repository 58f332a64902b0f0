//! A configuration file: TOML, read strictly, with the line of everything that is wrong.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::section::Section;
use super::value::Given;
use super::{Config, ConfigFile, LISTS, Profile, SECTIONS};

/// A file whose TOML is well formed.
pub struct Parsed<'a> {
    file: ConfigFile<'a>,
    table: DeTable<'a>,
}

type Entry<'e, 'a> = (&'e Spanned<Cow<'a, str>>, &'e Spanned<DeValue<'a>>);

impl<'a> Parsed<'a> {
    pub fn new(file: ConfigFile<'a>) -> Result<Parsed<'a>, Problem> {
        match DeTable::parse(file.text) {
            Ok(table) => Ok(Parsed { file, table: table.into_inner() }),
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(file.text, span.start));
                let message = format!("this is not TOML: {}", error.message().replace('\n', ", "));
                Err(Problem::new(format!("{}:{line}", file.name), message))
            }
        }
    }

    /// The key `profile`, before all sections.
    pub fn profile(&self, problems: &mut Vec<Problem>) -> Option<Profile> {
        let (key, value) = self.table.iter().find(|(key, _)| key.get_ref() == "profile")?;
        let text = given(value.get_ref());
        let read = text.text("\"dev\", \"staging\" or \"production\"").and_then(str::parse);
        read.map_err(|message| problems.push(Problem::new(self.place(key), message))).ok()
    }

    pub fn apply(&self, config: &mut Config, problems: &mut Vec<Problem>) {
        for (key, value) in &self.table {
            let name = key.get_ref().as_ref();
            match (name, value.get_ref()) {
                ("profile", _) => {}
                (_, DeValue::Table(table)) if SECTIONS.contains(&name) => {
                    if let Some(section) = config.section_mut(name) {
                        self.apply_section(&format!("[{name}]"), section, table, problems);
                    }
                }
                (_, DeValue::Array(items)) if LISTS.contains(&name) => {
                    config.renew_list(name, items.len());
                    for (index, item) in items.iter().enumerate() {
                        match (item.get_ref(), config.item_mut(name, index)) {
                            (DeValue::Table(table), Some(section)) => {
                                self.apply_section(&format!("[[{name}]]"), section, table, problems);
                            }
                            _ => problems.push(self.shape_problem((key, item))),
                        }
                    }
                }
                _ if SECTIONS.contains(&name) || LISTS.contains(&name) => {
                    problems.push(self.shape_problem((key, value)));
                }
                _ => {
                    let known: Vec<&str> = SECTIONS.into_iter().chain(LISTS).chain(["profile"]).collect();
                    let what = if matches!(value.get_ref(), DeValue::Table(_)) { "section" } else { "key" };
                    problems.push(Problem::unknown_key(self.place(key), what, name, &known));
                }
            }
        }
    }

    fn apply_section(
        &self,
        heading: &str,
        section: &mut dyn Section,
        table: &DeTable<'_>,
        problems: &mut Vec<Problem>,
    ) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !section.keys().contains(&name) {
                let mut problem = Problem::unknown_key(self.place(key), "key", name, section.keys());
                problem.message = format!("in {heading}: {}", problem.message);
                problems.push(problem);
            } else if let Err(message) = section.set(name, &given(value.get_ref())) {
                problems.push(Problem::new(self.place(key), format!("in {heading}, {name}: {message}")));
            }
        }
    }

    fn shape_problem(&self, (key, value): Entry<'_, '_>) -> Problem {
        let name = key.get_ref();
        let wanted = if LISTS.contains(&name.as_ref()) { format!("[[{name}]]") } else { format!("[{name}]") };
        let line = line_of(self.file.text, value.span().start);
        Problem::new(format!("{}:{line}", self.file.name), format!("\"{name}\" is written as {wanted}"))
    }

    fn place(&self, key: &Spanned<Cow<'_, str>>) -> String {
        format!("{}:{}", self.file.name, line_of(self.file.text, key.span().start))
    }
}

/// What the environment writes: TOML where it can be read so, else a text.
pub fn given_in_environment(text: &str) -> Given {
    match DeValue::parse(text) {
        Ok(value) => given(value.get_ref()),
        Err(_) => Given::Text(text.to_owned()),
    }
}

fn given(value: &DeValue<'_>) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Given::Number(number),
            Err(_) => Given::Other("a number that large"),
        },
        DeValue::Boolean(flag) => Given::Flag(*flag),
        DeValue::Array(items) => Given::List(items.iter().map(|item| given(item.get_ref())).collect()),
        DeValue::Float(_) => Given::Other("a number with a fraction"),
        DeValue::Datetime(_) => Given::Other("a date"),
        DeValue::Table(_) => Given::Other("a table"),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}
