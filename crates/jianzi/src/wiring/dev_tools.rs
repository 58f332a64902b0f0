//! What a developer's page may do to its server.

use std::sync::Arc;
use std::time::Duration;

use rest::DevTools;
use serde_json::{Value, json};

use super::games::Demo;
use crate::os;

/// The answer goes out before the server dies: a browser repeats a call whose connection broke over it, and would kill the
/// next server, too.
const ANSWER_WITHIN: Duration = Duration::from_millis(50);

pub struct PageTools {
    demo: Arc<Demo>,
}

impl PageTools {
    pub fn new(demo: Demo) -> PageTools {
        PageTools { demo: Arc::new(demo) }
    }
}

impl DevTools for PageTools {
    fn is_supervised(&self) -> bool {
        os::is_supervised()
    }

    fn kill(&self) {
        tracing::warn!(event = "killed_on_purpose", "the page has asked for kill -9");
        let die = || {
            std::thread::park_timeout(ANSWER_WITHIN);
            crashes::on_purpose(crashes::How::Kill);
        };
        if std::thread::Builder::new().name("kill".to_owned()).spawn(die).is_err() {
            crashes::on_purpose(crashes::How::Kill);
        }
    }

    fn publish(&self, good: bool) -> Result<Value, String> {
        self.demo.publish(good).map(|published| json!(published))
    }

    fn games(&self) -> Value {
        json!(self.demo.patches().status(None))
    }
}
