//! `jianzi alert test`: does every channel work?

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use alerts::{Alerts, Incident, Kind, Message, Severity, State};
use clap::{Args, Subcommand};
use clock::Clock;

use super::config::print_out;
use super::settings;
use crate::cli::Overrides;
use crate::config::Profile;
use crate::failure::{Exit, Failure};

#[derive(Debug, Args)]
pub struct AlertArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Send one message to each channel of [alerts] and say what became of it.
    Test {
        /// The configuration file; without one, the defaults of the profile "dev" and the environment.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Fails if a channel fails, or if there is none.
pub fn run(args: &AlertArgs) -> Result<(), Failure> {
    let What::Test { config } = &args.what;
    let given = config.is_none().then_some(Profile::Dev);
    let config = settings::load(config.as_deref(), given, Profile::Production, Overrides::default())?;
    let alerts = config.alerts();
    if alerts.channels.is_empty() {
        let message = "no channel is configured; see [alerts] in `jianzi config`";
        return Err(Failure::new(Exit::Configuration, message));
    }
    let incident = Incident {
        kind: Kind::Test,
        fingerprint: "test".into(),
        title: "测试消息 · a test message".into(),
        effect: "没有影响:有人运行了 jianzi alert test · none: somebody ran the command".into(),
        severity: Severity::Info,
    };
    let message = Message { incident, state: State::Opened, count: 1, lasted: Duration::ZERO };
    let tried = Alerts::try_channels(&alerts, &Clock::System, &message);
    let mut out = String::new();
    let mut failed = 0;
    for attempt in &tried {
        // Writing to a String cannot fail.
        let _ = match &attempt.outcome {
            Ok(()) => writeln!(out, "{:9} sent", attempt.channel),
            Err(why) => {
                failed += 1;
                writeln!(out, "{:9} failed: {why}", attempt.channel)
            }
        };
    }
    print_out(&out)?;
    match failed {
        0 => Ok(()),
        failed => Err(Failure::new(Exit::Failed, format!("{failed} of {} channels failed", tried.len()))),
    }
}
