//! What each part of the server takes from the configuration.

use std::thread::available_parallelism;

use accounts::{AccountsConfig, AppConfig};
use admission::{ArrivalsConfig, ConnectionLimitsConfig, FloodConfig, LoginLimitsConfig, Proxies};
use alerts::{AlertsConfig, Channel};
use gateway::{GatewayConfig, SessionLimits, TlsFiles};
use journal_file::FileJournalConfig;
use matchmaking::MatchConfig;
use releases::{BuildRule, PatchesConfig, RolloutConfig, Share};
use rooms::RoomsConfig;

use super::Config;

impl Config {
    pub fn gateway(&self) -> GatewayConfig {
        let (gateway, limits) = (&self.gateway, &self.limits);
        GatewayConfig {
            http: self.server.http.clone(),
            tcp: self.server.tcp.clone(),
            tls: self.tls_files(),
            reactors: threads(self.server.threads),
            max_body: gateway.max_body.0 as u32,
            login_timeout: gateway.login_timeout,
            heartbeat: gateway.heartbeat,
            resume_window: gateway.resume_window,
            retry_within: gateway.retry_within,
            queue_bytes: gateway.queue.0,
            call_deadline: gateway.call_deadline,
            session: SessionLimits {
                answers: gateway.answers,
                answer_bytes: gateway.answer_bytes.0,
                pushes: gateway.pushes,
                push_bytes: gateway.push_bytes.0,
                rooms: gateway.rooms_per_session,
            },
            connections: ConnectionLimitsConfig {
                all: limits.connections,
                per_account: limits.per_account,
                per_device: limits.per_device,
                per_address: limits.per_address,
                pending_per_address: limits.pending_per_address,
            },
            arrivals: ArrivalsConfig {
                all: limits.arrivals,
                per_address: limits.arrivals_per_address,
                longest_wait: limits.longest_wait,
                addresses: limits.addresses,
            },
            flood: FloodConfig { frames: limits.frames, bytes: limits.bytes },
            proxies: self.proxies(),
        }
    }

    /// Both files, or no TLS.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.tls.cert.clone().zip(self.tls.key.clone())?;
        Some(TlsFiles { certificate, key })
    }

    pub fn proxies(&self) -> Proxies {
        Proxies::new(self.server.proxies.clone())
    }

    pub fn login_limits(&self) -> LoginLimitsConfig {
        LoginLimitsConfig {
            per_device: self.login.per_device,
            per_address: self.login.per_address,
            remembered: self.login.remembered,
        }
    }

    pub fn accounts(&self) -> AccountsConfig {
        let app = |app: &super::AppSection| AppConfig { id: app.id.clone(), jwt_keys: app.jwt_keys.clone() };
        AccountsConfig {
            apps: self.apps.iter().map(app).collect(),
            access_ttl: self.login.access_ttl,
            refresh_ttl: self.login.refresh_ttl,
            refresh_grace: self.login.refresh_grace,
            dev: self.profile.is_dev(),
        }
    }

    pub fn rooms(&self) -> RoomsConfig {
        let rooms = &self.rooms;
        RoomsConfig {
            shards: threads(rooms.shards),
            max_rooms: rooms.max_rooms,
            per_founder: rooms.per_founder,
            turn: rooms.turn,
            inbox_messages: rooms.inbox_messages,
            inbox_requests: rooms.inbox_requests,
            quarantine_share: rooms.quarantine_share,
            max_lag: rooms.max_lag,
            unreleased_bytes: rooms.unreleased_bytes.0,
            log_bytes: rooms.log_bytes.0,
            linger: rooms.linger,
            ring_ticks: rooms.ring_ticks,
            ring_bytes: rooms.ring_bytes.0,
            backfill_chunk: rooms.backfill_chunk.0,
            backfill_backlog: rooms.backfill_backlog.0,
            backfill_patience: rooms.backfill_patience,
            backfills: rooms.backfills,
            replay_dir: Some(self.server.data.join("replays")),
            keep_replays: rooms.keep_replays,
            keep_replay_bytes: rooms.keep_replay_bytes.0,
            resume_window: self.gateway.resume_window,
            recovery_grace: rooms.recovery_grace,
            rebuild_budget: rooms.rebuild_thousand / 1000,
            without_journal: self.journal.when_failing,
            journal_grace: self.journal.grace,
            ..RoomsConfig::default()
        }
    }

    /// In `journal/` of the data folder.
    pub fn journal(&self) -> FileJournalConfig {
        FileJournalConfig {
            segment_bytes: self.journal.segment.0 as u64,
            quota_bytes: self.journal.quota.0 as u64,
            queue_bytes: self.journal.queue.0,
            ..FileJournalConfig::default()
        }
    }

    pub fn patches(&self) -> PatchesConfig {
        let games = &self.games;
        let calls_to_confirm = Some(u64::from(games.calls_to_confirm)).filter(|calls| *calls > 0);
        PatchesConfig {
            folder: self.server.data.join("games"),
            trust: self.server.data.join("trust"),
            share: Share::per_mille(games.canary_percent.min(100) as u16 * 10).unwrap_or(Share::ALL),
            rollout: RolloutConfig {
                quiet: games.quiet,
                calls_to_confirm,
                watch_after: games.watch_after,
                ..RolloutConfig::default()
            },
        }
    }

    pub fn matchmaking(&self) -> MatchConfig {
        let matching = &self.matchmaking;
        MatchConfig {
            patience: matching.patience,
            longest_patience: matching.longest_patience,
            tell_every: matching.tell_every,
            room_within: matching.room_within,
            remember: matching.remember,
            remembered: matching.remembered,
            waiting: matching.waiting,
            per_player: matching.per_player,
            queue: matching.queue,
        }
    }

    pub fn alerts(&self) -> AlertsConfig {
        let alerts = &self.alerts;
        let wecom = alerts.wecom.clone().map(|url| Channel::WeCom { url });
        let secret = alerts.dingtalk_secret.clone();
        let dingtalk = alerts.dingtalk.clone().map(|url| Channel::DingTalk { url, secret });
        let secret = alerts.feishu_secret.clone();
        let feishu = alerts.feishu.clone().map(|url| Channel::Feishu { url, secret });
        let webhook = alerts.webhook.clone().map(|url| Channel::Webhook { url });
        AlertsConfig {
            channels: [wecom, dingtalk, feishu, webhook].into_iter().flatten().collect(),
            window: alerts.window,
            settle: alerts.settle,
            node: self.node_name(),
            runbooks: alerts.runbooks.clone(),
        }
    }

    /// The server's name for people: as configured, or the machine's.
    pub fn node_name(&self) -> String {
        match self.alerts.name.as_str() {
            "" => std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned(),
            name => name.to_owned(),
        }
    }

    pub fn build_rules(&self) -> Vec<BuildRule> {
        let rule = |build: &super::BuildSection| BuildRule {
            app: build.app.clone(),
            pattern: build.pattern.clone(),
            decision: build.decision,
            message: build.message.clone(),
            server: build.server.clone(),
        };
        self.builds.iter().map(rule).collect()
    }
}

/// 0: half of the processors, at least one; the other half is the other part's.
fn threads(configured: usize) -> usize {
    match configured {
        0 => (available_parallelism().map_or(1, |count| count.get()) / 2).max(1),
        configured => configured,
    }
}
