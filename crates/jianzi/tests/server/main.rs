//! The whole server, driven from outside: the real binary, real sockets, somebody else's clients.

mod support;

mod article_client;
mod bad_frames;
mod bad_http;

mod calls;
mod commands;

mod lockstep;
mod login;
mod matching;

mod relay;
mod rooms;
mod sessions;

mod two_apps;
