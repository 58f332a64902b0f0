//! Documents: links that lead somewhere, Chinese beside English, every requirement accounted for.

use std::fs;
use std::path::Path;

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
    verdict(complaints)
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
    use super::links;

    #[test]
    fn only_relative_links_are_followed() {
        let text = "[a](b.md) [c](https://d) ![e](f/g.png) [h](#i) [j](k.md#l) [m](n.md \"title\")";
        assert_eq!(links(text).collect::<Vec<_>>(), ["b.md", "f/g.png", "k.md", "n.md"]);
    }
}
