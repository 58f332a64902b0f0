//! Documents: links that lead somewhere, Chinese beside English, every requirement accounted for, tests that exist.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::verdict;
use crate::workspace;

/// How many requirements each chapter has: A1 … A13, and so on.
const REQUIREMENTS: &[(char, u32)] =
    &[('A', 13), ('B', 12), ('C', 11), ('D', 7), ('E', 8), ('F', 6), ('G', 12), ('H', 9), ('I', 20)];

pub fn check(root: &Path) -> Result<()> {
    let files = workspace::files(root)?;
    let mut complaints = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(root.join(path))?;
        let folder = path.parent().unwrap_or(path);
        for target in links(&text).filter(|target| !root.join(folder).join(target).exists()) {
            complaints.push(format!("{}: the link to {target} leads nowhere", path.display()));
        }
        if let Ok(rest) = path.strip_prefix("docs/en")
            && !root.join("docs").join(rest).is_file()
        {
            complaints.push(format!("{} has no Chinese original in docs/", path.display()));
        }
    }
    complaints.extend(missing_requirements(root));
    complaints.extend(unknown_tests(root, &files)?);
    verdict(complaints)
}

/// Pages that name tests as evidence.
const EVIDENCE: [&str; 4] = ["docs/faults.md", "docs/requirements.md", "docs/status.md", "docs/en/status.md"];

fn unknown_tests(root: &Path, files: &[PathBuf]) -> Result<Vec<String>> {
    let mut functions = HashSet::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let text = fs::read_to_string(root.join(path))?;
        functions.extend(text.split("fn ").skip(1).map(|rest| first_word(rest).to_owned()));
    }
    let mut complaints = Vec::new();
    for page in EVIDENCE {
        let text = fs::read_to_string(root.join(page))?;
        for named in tests(&text).filter(|named| !functions.contains(first_word(named))) {
            complaints.push(format!("{page}: there is no test {named}"));
        }
    }
    Ok(complaints)
}

/// Of the names `file::function` in backticks, the function.
fn tests(text: &str) -> impl Iterator<Item = &str> {
    let spans = text.split('`').skip(1).step_by(2).filter(|span| !span.contains(' '));
    spans.filter_map(|span| span.rsplit_once("::")).map(|(_, function)| function).filter(|name| *name != "*")
}

fn first_word(text: &str) -> &str {
    let is_of_it = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.split(|letter| !is_of_it(letter)).next().unwrap_or_default()
}

/// Relative targets of Markdown links, without what follows `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let relative = targets.filter(|target| !target.contains(':') && !target.starts_with(['#', '/', '<']));
    relative.map(|target| target.split('#').next().unwrap_or(target)).filter(|target| !target.is_empty())
}

fn missing_requirements(root: &Path) -> Vec<String> {
    let Ok(text) = fs::read_to_string(root.join("docs/requirements.md")) else {
        return vec!["docs/requirements.md is missing".to_owned()];
    };
    let ids = REQUIREMENTS.iter().flat_map(|(letter, last)| (1..=*last).map(move |n| format!("{letter}{n}")));
    let has_row =
        |id: &String| text.lines().any(|line| line.replace('`', "").starts_with(&format!("| {id} |")));
    let missing = ids.filter(|id| !has_row(id));
    missing.map(|id| format!("docs/requirements.md has no row for {id}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{links, tests};

    #[test]
    fn names_of_tests_are_found() {
        let text = "`a/b::it_holds`, `c` and `d::*`; e::f, `g h::i`, `crates/j::k_l`";
        assert_eq!(tests(text).collect::<Vec<_>>(), ["it_holds", "k_l"]);
    }

    #[test]
    fn only_relative_links_are_followed() {
        let text = "[a](b.md) [c](https://d) ![e](f/g.png) [h](#i) [j](k.md#l) [m](n.md \"title\")";
        assert_eq!(links(text).collect::<Vec<_>>(), ["b.md", "f/g.png", "k.md", "n.md"]);
    }
}
