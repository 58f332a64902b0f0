//! The whole server, driven from outside: the real binary, real sockets, somebody else's clients.
#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod support;

mod article_client;
mod bad_frames;
mod bad_http;

mod calls;
mod check;
mod commands;
mod crashes;
mod crowds;

mod full_disk;
mod game;
mod hostile_games;
mod hotfix;
mod limits;
mod lockstep;
mod login;
mod matching;
mod older_data;

mod operations;
mod patch_killed;
mod plain_tcp;

mod recovery;
mod relay;
mod rooms;
mod rooms_cli;
mod rooms_cli_follow;
mod sessions;

mod tls;
mod trials;
mod two_apps;
