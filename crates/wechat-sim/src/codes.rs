//! Codes that are good once, as those of `wx.login`.

use std::collections::HashMap;
use std::time::Duration;

use clock::Moment;
use model::AppId;

use crate::faults::SimFault;

/// What every issued code begins with.
pub(crate) const PREFIX: &str = "sim0";

/// WeChat's.
const LIFE: Duration = Duration::from_secs(300);

#[derive(Default)]
pub(crate) struct Codes {
    issued: HashMap<String, Issued>,
}

struct Issued {
    app: AppId,
    name: String,
    at: Moment,
    used: bool,
}

impl Codes {
    pub(crate) fn issue(&mut self, code: String, app: &AppId, name: &str, now: Moment) {
        self.issued.retain(|_, issued| now.since(issued.at) < LIFE);
        self.issued.insert(code, Issued { app: app.clone(), name: name.to_owned(), at: now, used: false });
    }

    /// Uses a code up: the name that it was issued to.
    pub(crate) fn redeem(&mut self, code: &str, app: &AppId, now: Moment) -> Result<String, SimFault> {
        let issued = self.issued.get_mut(code).ok_or(SimFault::InvalidCode)?;
        if issued.app != *app || now.since(issued.at) >= LIFE {
            return Err(SimFault::InvalidCode);
        }
        if issued.used {
            return Err(SimFault::UsedCode);
        }
        issued.used = true;
        Ok(issued.name.clone())
    }
}
