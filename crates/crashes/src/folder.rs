//! The folder of crashes: files of running processes, finished reports, the newest kept.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitStatus;

use crate::raw::Raw;
use crate::report::Report;
use crate::symbols::Symbols;
use crate::{time, verdict};

/// Reports kept; older ones go.
pub(crate) const KEPT: usize = 20;

/// What a process writes to if it crashes; locked for as long as it lives.
pub(crate) const RUNNING: &str = "running-";
/// A panic that the process outlived.
pub(crate) const PANICKED: &str = "panic-";
const RAW: &str = ".raw";

/// Makes reports of what ended processes left, and gives the newest. For the supervisor, once `wait` has returned;
/// it takes the time of unwinding (tenths of a second), so start the next process first.
///
/// The report counts as alerted: whoever collects raises the alert. `None` if the process left nothing, as after an
/// orderly stop.
pub fn collect(folder: &Path, exit: ExitStatus) -> Option<Report> {
    let mut reports = complete(folder, Some(exit));
    for report in &mut reports {
        report.alerted = true;
        // What cannot be written is told to the caller nevertheless.
        let _ = save(folder, report);
    }
    reports.pop()
}

/// Makes reports of what earlier processes left and nobody collected; at the start of the next one. The oldest first.
pub fn collect_left(folder: &Path) -> Vec<Report> {
    complete(folder, None)
}

/// All reports, the newest first. Files that are none are left out.
pub fn list(folder: &Path) -> Vec<Report> {
    let mut names = names(folder, ".json");
    names.sort();
    names.iter().rev().filter_map(|name| read(&folder.join(name)).ok()).collect()
}

/// A report by its file, its name in the folder, or `latest`.
///
/// # Errors
/// A sentence that says what was not found or not understood.
pub fn find(folder: &Path, name: &str) -> Result<Report, String> {
    if name == "latest" {
        return list(folder).into_iter().next().ok_or(format!("there is no report in {}", folder.display()));
    }
    let given = Path::new(name);
    let within = folder.join(format!("{}.json", name.trim_end_matches(".json")));
    let path = if given.is_file() { given } else { within.as_path() };
    read(path).map_err(|error| format!("{} cannot be read as a report: {error}", path.display()))
}

/// Looks for names that were not found before, for instance because the files were not there.
pub fn resolve(report: &mut Report) {
    let mut symbols = Symbols::default();
    for thread in report.thread.iter_mut().chain(&mut report.other_threads) {
        let frames = std::mem::take(&mut thread.frames);
        for (number, frame) in frames.into_iter().enumerate() {
            match frame.function {
                None if !frame.module.is_empty() => {
                    thread.frames.extend(symbols.named(
                        frame.address,
                        frame.offset,
                        number > 0,
                        &frame.module,
                    ));
                }
                _ => thread.frames.push(frame),
            }
        }
    }
}

/// Writes the report again, whole or not at all.
///
/// # Errors
/// The file system's.
pub fn save(folder: &Path, report: &Report) -> io::Result<()> {
    let path = folder.join(format!("{}.json", report.id));
    let fresh = folder.join(format!("{}.new", report.id));
    let mut file = private(&fresh)?;
    file.set_len(0)?;
    file.write_all(&serde_json::to_vec_pretty(report)?)?;
    file.sync_all()?;
    fs::rename(fresh, path)
}

/// Opens a file for this user alone, made if it is not there.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Unwinding and names take a processor for a while, which a server that starts has better uses for: at a low priority.
fn complete(folder: &Path, exit: Option<ExitStatus>) -> Vec<Report> {
    let done = std::thread::scope(|scope| {
        let work = || {
            yield_to_others();
            complete_all(folder, exit)
        };
        let thread = std::thread::Builder::new().name("crash-report".into()).spawn_scoped(scope, work);
        thread.ok().and_then(|thread| thread.join().ok())
    });
    done.unwrap_or_default()
}

/// On Linux the priority is each thread's own.
#[cfg_attr(target_os = "linux", expect(unsafe_code, reason = "no safe library is at hand for one call"))]
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    // SAFETY: numbers only; 0 is the calling thread. A refusal changes nothing.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, 10);
    }
}

fn complete_all(folder: &Path, exit: Option<ExitStatus>) -> Vec<Report> {
    let mut names = names(folder, RAW);
    names.retain(|name| name.starts_with(RUNNING) || name.starts_with(PANICKED));
    names.sort_by(|one, other| age(one).cmp(age(other)));
    let reports = names.iter().filter_map(|name| complete_one(folder, name, exit)).collect();
    prune(folder);
    reports
}

/// The part of the name that begins with the time.
fn age(name: &str) -> &str {
    name.trim_start_matches(RUNNING).trim_start_matches(PANICKED)
}

/// Makes one file a report and removes it. A file that somebody holds is left to him.
pub(crate) fn complete_one(folder: &Path, name: &str, exit: Option<ExitStatus>) -> Option<Report> {
    let path = folder.join(name);
    let mut file = File::options().read(true).write(true).open(&path).ok()?;
    file.try_lock().ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let written_ms = file.metadata().map_or(0, |metadata| time::file_ms(&metadata));
    let report = Raw::read(&bytes).map(|raw| {
        let ended_ms = if exit.is_some() { time::wall_ms() } else { written_ms };
        let mut report = verdict::report(&raw, exit, ended_ms);
        report.id = format!("{}-{}", time::for_file(report.time_ms), report.cause.name());
        report
    });
    if let Some(report) = &report
        && save(folder, report).is_err()
    {
        // It stays for another try, when the disk has room again.
        return None;
    }
    let _ = fs::remove_file(&path);
    report
}

fn prune(folder: &Path) {
    let mut names = names(folder, ".json");
    names.sort();
    for old in names.iter().rev().skip(KEPT) {
        let _ = fs::remove_file(folder.join(old));
    }
}

fn names(folder: &Path, ending: &str) -> Vec<String> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    names.filter(|name| name.ends_with(ending)).collect()
}

fn read(path: &Path) -> io::Result<Report> {
    let mut report: Report = serde_json::from_slice(&fs::read(path)?)?;
    if let Some(name) = path.file_stem() {
        report.id = name.to_string_lossy().into_owned();
    }
    Ok(report)
}
