//! What people read.

use std::time::Duration;

use crate::incident::{Incident, Severity};

/// One thing to say of an incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub incident: Incident,
    pub state: State,
    /// How often it happened so far.
    pub count: u64,
    /// Since it began.
    pub lasted: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Opened,
    /// It happened more often since the last message.
    Again,
    Resolved,
}

/// What all messages of one server have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The server's name.
    pub node: String,
    /// Where the runbook pages are; empty: they are named by their file in the documentation.
    pub runbooks: String,
}

/// Longest texts, in characters: chat robots refuse more than 4096 bytes, three to a Chinese character.
const TITLE_MAX: usize = 200;
const EFFECT_MAX: usize = 500;

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Opened => "opened",
            State::Again => "again",
            State::Resolved => "resolved",
        }
    }
}

impl Message {
    /// One line, for a conversation's list.
    pub(crate) fn headline(&self) -> String {
        let mark = match (self.state, self.incident.severity) {
            (State::Resolved, _) => "✅ 已恢复",
            (_, Severity::Critical) => "🔴 故障",
            (_, Severity::Warning) => "🟠 警告",
            (_, Severity::Info) => "🔵 通知",
        };
        format!("{mark} {}", clean(&self.incident.title, TITLE_MAX))
    }

    /// Lines of the body, each a name and its text.
    pub(crate) fn lines(&self, setting: &Setting) -> Vec<(&'static str, String)> {
        let mut lines = vec![("影响", clean(&self.incident.effect, EFFECT_MAX))];
        if !setting.node.is_empty() {
            lines.push(("节点", clean(&setting.node, TITLE_MAX)));
        }
        if self.count > 1 {
            lines.push(("次数", self.count.to_string()));
        }
        if self.state != State::Opened {
            lines.push(("历时", duration(self.lasted)));
        }
        lines
    }

    /// The page that says what to do: an address, or the file.
    pub(crate) fn runbook(&self, setting: &Setting) -> String {
        let name = self.incident.kind.name();
        match setting.runbooks.trim_end_matches('/') {
            "" => format!("docs/runbooks/{name}.md"),
            base => format!("{base}/{name}.md"),
        }
    }

    /// As markdown, which all three chat robots understand as far as it is used here.
    pub(crate) fn markdown(&self, setting: &Setting) -> String {
        let mut text = format!("### {}\n", self.headline());
        for (name, line) in self.lines(setting) {
            text += &format!("> **{name}**:{line}\n\n");
        }
        let page = self.runbook(setting);
        text += &match setting.runbooks.is_empty() {
            true => format!("> **处理手册**:{page}\n"),
            false => format!("> [处理手册]({page})\n"),
        };
        text
    }
}

/// One line without what a chat would take for its own marks or mentions.
fn clean(text: &str, most: usize) -> String {
    let kept = text.chars().map(|c| match c {
        '<' => '‹',
        '>' => '›',
        '@' => '@',
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() => ' ',
        c => c,
    });
    let mut clean: String = kept.take(most).collect();
    if text.chars().count() > most {
        clean.push('…');
    }
    clean
}

fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => "不到 1 秒".to_owned(),
        (0, 0, seconds) => format!("{seconds} 秒"),
        (0, minutes, seconds) => format!("{minutes} 分 {seconds} 秒"),
        (hours, minutes, _) => format!("{hours} 小时 {minutes} 分"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn a_message_says_what_it_means_and_what_to_do() {
        let mut message = Message {
            incident: Incident {
                kind: Kind::Journal,
                fingerprint: "f".into(),
                title: "日志写不进去 <@all>\nx".into(),
                effect: "房间暂停 ".to_owned() + &"长".repeat(600),
                severity: Severity::Critical,
            },
            state: State::Opened,
            count: 1,
            lasted: Duration::ZERO,
        };
        let setting = Setting { node: "node-1".into(), runbooks: String::new() };
        let text = message.markdown(&setting);
        assert!(text.starts_with("### 🔴 故障 日志写不进去 ‹@all› x\n"), "{text}");
        assert!(text.contains("docs/runbooks/journal.md") && text.contains("node-1"), "{text}");
        assert!(text.len() < 4096 && !text.contains("次数"), "{text}");
        message.state = State::Resolved;
        message.count = 12;
        message.lasted = Duration::from_secs(200);
        let text = message.markdown(&Setting { runbooks: "https://wiki.example/r/".into(), ..setting });
        assert!(text.starts_with("### ✅ 已恢复"), "{text}");
        for part in ["**次数**:12", "3 分 20 秒", "(https://wiki.example/r/journal.md)"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    /// Each kind has a page in both languages, and there are no others.
    #[test]
    fn every_kind_has_its_runbook() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        for folder in ["runbooks", "en/runbooks"] {
            let mut pages: Vec<String> = std::fs::read_dir(root.join(folder))
                .unwrap()
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .filter(|name| name != "README.md")
                .collect();
            pages.sort();
            let mut kinds: Vec<String> = Kind::ALL.iter().map(|kind| format!("{}.md", kind.name())).collect();
            kinds.sort();
            assert_eq!(pages, kinds, "{folder}");
        }
    }
}
