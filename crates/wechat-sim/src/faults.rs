//! The ways in which the platform fails, with WeChat's numbers.

use std::time::Duration;

use protocol::{ErrorCode, Fault};

/// One way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimFault {
    /// -1: busy; the code is not used up.
    Busy,
    /// 40029: wrong, expired or never issued.
    InvalidCode,
    /// 40163: used before.
    UsedCode,
    /// 40226: the user is refused as a risk.
    HighRisk,
    /// The login works, but not before this time or [`heal`](crate::WechatSim::heal).
    Slow(Duration),
}

impl SimFault {
    pub(crate) fn to_fault(self) -> Fault {
        let (code, sentence) = match self {
            SimFault::Busy => (ErrorCode::PlatformUnavailable, "The platform is busy (-1)."),
            SimFault::Slow(_) => (ErrorCode::PlatformUnavailable, "The platform is slow."),
            SimFault::InvalidCode => {
                (ErrorCode::CodeRejected, "The platform does not know this code (40029).")
            }
            SimFault::UsedCode => (ErrorCode::CodeRejected, "The code was used before (40163)."),
            SimFault::HighRisk => (ErrorCode::Banned, "The platform refuses this user (40226)."),
        };
        let fault = Fault::new(code, sentence);
        if self == SimFault::Busy { fault.retry_after(Duration::from_secs(1)) } else { fault }
    }
}
