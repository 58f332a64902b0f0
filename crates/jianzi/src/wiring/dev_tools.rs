//! What a developer's page may do to its server.

use std::sync::Arc;

use rest::DevTools;
use serde_json::{Value, json};

use super::games::Demo;
use crate::os;

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
        crashes::on_purpose(crashes::How::Kill);
    }

    fn publish(&self, good: bool) -> Result<Value, String> {
        self.demo.publish(good).map(|published| json!(published))
    }

    fn games(&self) -> Value {
        json!(self.demo.patches().status(None))
    }
}
