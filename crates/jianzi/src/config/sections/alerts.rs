//! Who is told when something is wrong.

use std::time::Duration;

use platform::Secret;

use crate::config::section::section;

section! {
    /// Who is told when something is wrong; `jianzi alert test` tries every channel. Addresses are secrets.
    pub struct AlertsSection(profile) {
        /// Webhook of a 企业微信 group robot, with its key.
        pub wecom: Option<Secret> = None,
        /// Webhook of a 钉钉 group robot, with its access token.
        pub dingtalk: Option<Secret> = None,
        /// The 钉钉 robot's signing secret (SEC…); without it messages are not signed.
        pub dingtalk_secret: Option<Secret> = None,
        /// Webhook of a 飞书 group robot.
        pub feishu: Option<Secret> = None,
        /// The 飞书 robot's signing secret; without it messages are not signed.
        pub feishu_secret: Option<Secret> = None,
        /// Any address that takes JSON by POST.
        pub webhook: Option<Secret> = None,
        /// Equal incidents within this time are one message.
        pub window: Duration = Duration::from_secs(300),
        /// How long an incident has to stay over before that is told.
        pub settle: Duration = Duration::from_secs(30),
        /// The server's name in messages and reports; empty: the machine's.
        pub name: String = String::new(),
        /// Address of the folder of runbook pages for links in messages; empty: pages are named by their file.
        pub runbooks: String = String::new(),
    }
}
