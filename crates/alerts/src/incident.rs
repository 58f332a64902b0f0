//! What can go wrong, in the words of an operator.

use crashes::Report;

/// Something that people should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    pub kind: Kind,
    /// Tells incidents of a kind apart; equal ones become one message. Without ids that never repeat.
    pub fingerprint: String,
    /// What happened.
    pub title: String,
    /// What it means for players.
    pub effect: String,
    pub severity: Severity,
}

/// Each kind has its page in `docs/runbooks/`, named as [`Kind::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The server, or a thread that it can do without, crashed.
    Crash,
    /// It crashes again and again.
    CrashLoop,
    /// It lives, but does not tick.
    Hang,
    /// It was restarted, for whatever reason.
    Restart,
    /// It takes no players.
    NotReady,
    /// The journal cannot be written, or lags, or is damaged.
    Journal,
    /// Memory comes to its limit.
    Memory,
    /// The disk comes to its limit.
    Disk,
    /// A patch was taken back.
    PatchRolledBack,
    /// A new version of the server was taken back.
    UpgradeFailed,
    /// `jianzi alert test`.
    Test,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// To know of; nobody has to get up.
    Info,
    /// Something is worse than it was; players may notice.
    Warning,
    /// Players cannot play.
    Critical,
}

impl Kind {
    pub const ALL: [Kind; 11] = [
        Kind::Crash,
        Kind::CrashLoop,
        Kind::Hang,
        Kind::Restart,
        Kind::NotReady,
        Kind::Journal,
        Kind::Memory,
        Kind::Disk,
        Kind::PatchRolledBack,
        Kind::UpgradeFailed,
        Kind::Test,
    ];

    /// In addresses, logs and webhooks.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Crash => "crash",
            Kind::CrashLoop => "crash_loop",
            Kind::Hang => "hang",
            Kind::Restart => "restart",
            Kind::NotReady => "not_ready",
            Kind::Journal => "journal",
            Kind::Memory => "memory",
            Kind::Disk => "disk",
            Kind::PatchRolledBack => "patch_rolled_back",
            Kind::UpgradeFailed => "upgrade_failed",
            Kind::Test => "test",
        }
    }

    /// Whether it happens at a moment; the others last until somebody says that they are over.
    pub fn is_moment(self) -> bool {
        matches!(self, Kind::Crash | Kind::Restart | Kind::PatchRolledBack | Kind::UpgradeFailed | Kind::Test)
    }
}

impl Severity {
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

impl Incident {
    /// A crash, told apart by its cause and the function that crashed.
    pub fn of_crash(report: &Report) -> Incident {
        let culprit = report.culprit().unwrap_or("?");
        let lived_on = report.signal.is_none() && report.cause == crashes::Cause::Panic;
        let (effect, severity) = match lived_on {
            true => ("进程继续运行,一个后台线程出错", Severity::Warning),
            false => ("进程退出,对局中断到重启并恢复为止", Severity::Critical),
        };
        Incident {
            kind: Kind::Crash,
            fingerprint: format!("{} {culprit}", report.cause.name()),
            title: format!("服务器崩溃:{}", report.headline()),
            effect: format!("{effect}。报告:{}", report.id),
            severity,
        }
    }
}
