//! How `jianzi status` and `jianzi upgrade` speak to the supervisor: a socket in its folder, one line of JSON to ask,
//! lines of JSON as the answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::folder::{Folder, make_way};
use crate::saved::Saved;
use crate::status::Status;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Status,
    /// To the program in this file.
    Upgrade {
        file: PathBuf,
    },
}

/// One line of the answer; after `Said` there are more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Status(Box<Status>),
    Said(String),
    Done(String),
    Failed(String),
}

/// Nobody answers.
#[derive(Debug, thiserror::Error)]
pub enum NoSupervisor {
    #[error("no supervisor answers for the data folder {data}: {source}")]
    Silent { data: PathBuf, source: io::Error },
    #[error("the supervisor's answer is not whole: {0}")]
    Unclear(io::Error),
}

/// Of a question.
const LONGEST_LINE: u64 = 64 * 1024;
/// For a question to arrive, and for an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the supervisor of a data folder; `hear` gets every line of the answer, and the last one is returned.
pub fn ask(data: &Path, ask: &Ask, mut hear: impl FnMut(&Answer)) -> Result<Answer, NoSupervisor> {
    let silent = |source| NoSupervisor::Silent { data: data.to_owned(), source };
    let saved = Saved::read(&Folder::path_in(data)).map_err(silent)?;
    let mut stream = UnixStream::connect(&saved.control).map_err(silent)?;
    let question = serde_json::to_string(ask).map_err(|error| NoSupervisor::Unclear(error.into()))?;
    writeln!(stream, "{question}").map_err(silent)?;
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(NoSupervisor::Unclear)?;
        let answer: Answer =
            serde_json::from_str(&line).map_err(|error| NoSupervisor::Unclear(error.into()))?;
        hear(&answer);
        if !matches!(answer, Answer::Said(_)) {
            return Ok(answer);
        }
    }
    Err(NoSupervisor::Unclear(io::Error::other("the supervisor ended, or let go, before it had finished")))
}

/// Takes questions on a thread of its own; `hear` gets each with the way back.
pub fn listen(path: &Path, hear: impl Fn(Ask, Sender<Answer>) + Clone + Send + 'static) -> io::Result<()> {
    make_way(path)?;
    let listener = UnixListener::bind(path)?;
    std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            let hear = hear.clone();
            // Only who may read the folder gets here: as many as one likes.
            let answering = std::thread::Builder::new().name("answer".to_owned());
            let _ = answering.spawn(move || answer(stream, hear));
        }
    })?;
    Ok(())
}

fn answer(mut stream: UnixStream, hear: impl Fn(Ask, Sender<Answer>)) {
    let mut line = String::new();
    let patient = stream.set_read_timeout(Some(PATIENCE)).and(stream.set_write_timeout(Some(PATIENCE)));
    let read = patient.and_then(|()| BufReader::new((&stream).take(LONGEST_LINE)).read_line(&mut line));
    let answers = match read.and_then(|_| serde_json::from_str(&line).map_err(io::Error::other)) {
        Ok(ask) => {
            let (tell, answers) = channel();
            hear(ask, tell);
            answers
        }
        Err(error) => failed(format!("the question cannot be read: {error}")),
    };
    // Ends when the supervisor has dropped its end. An asker that has left hears no more, and nothing stops for that.
    for answer in answers {
        let Ok(line) = serde_json::to_string(&answer) else { return };
        if writeln!(stream, "{line}").is_err() {
            return;
        }
    }
}

fn failed(why: String) -> Receiver<Answer> {
    let (tell, answers) = channel();
    let _ = tell.send(Answer::Failed(why));
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_answered_line_by_line_and_nonsense_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::open(data.path()).unwrap();
        let control = folder.socket("control.sock");
        listen(&control, |ask, tell| {
            let Ask::Upgrade { file } = ask else { return };
            tell.send(Answer::Said("looking".into())).unwrap();
            tell.send(Answer::Done(file.display().to_string())).unwrap();
        })
        .unwrap();
        Saved { control: control.clone(), ..Saved::default() }
            .write(folder.path(), crate::saved::Care::Whole)
            .unwrap();
        let mut heard = Vec::new();
        let upgrade = Ask::Upgrade { file: "/new".into() };
        let last = ask(data.path(), &upgrade, |answer| heard.push(answer.clone())).unwrap();
        assert_eq!(last, Answer::Done("/new".into()));
        assert_eq!(heard, [Answer::Said("looking".into()), last]);
        // The supervisor drops the question unanswered.
        assert!(matches!(ask(data.path(), &Ask::Status, |_| {}), Err(NoSupervisor::Unclear(_))));

        let mut stream = UnixStream::connect(&control).unwrap();
        stream.write_all(b"nonsense\n").unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        assert!(said.contains("cannot be read"), "{said}");
        let nobody = tempfile::tempdir().unwrap();
        assert!(matches!(ask(nobody.path(), &Ask::Status, |_| {}), Err(NoSupervisor::Silent { .. })));
    }
}
