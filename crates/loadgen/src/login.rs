//! Logins from end to end: HTTP login, then a new socket up to its welcome, then good-bye.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clock::{Clock, Moment};
use hdrhistogram::Histogram;
use prost::Message;
use protocol::{Header, messages, operation};

use crate::cli::LoginArgs;
use crate::figures::{Figures, micros_histogram};
use crate::http_login::{self, HttpLogin};
use crate::lines::Window;
use crate::process;
use crate::server::{Door, Server, Target};
use crate::sources::Sources;
use crate::{stop, websocket};

/// Each of the connections logs in again as soon as it is in (closed loop).
pub fn measure(args: &LoginArgs) -> Result<Figures> {
    let clock = Clock::System;
    let server = Server::start(Target::Jianzi, &args.server)?;
    let from = clock.now() + Duration::from_secs_f64(args.run.warm_up);
    let window = Window { from, to: from + Duration::from_secs_f64(args.run.seconds) };
    let next_player = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (door, next_player) = (&server.door, &next_player);
        let connections = args.connections.clamp(1, args.players.max(1));
        let work = move |number: usize| log_in_until_the_end(number, args, door, window, next_player);
        let threads: Vec<_> = (0..connections).map(|number| scope.spawn(move || work(number))).collect();

        stop::wait_until(window.from)?;
        let cpu_before = server.cpu_time()?;
        let generator_before = process::cpu_time(std::process::id())?;
        stop::wait_until(window.to)?;
        let cpu = server.cpu_time()?.zip(cpu_before).map(|(now, before)| now.saturating_sub(before));
        let generator = process::cpu_time(std::process::id())?.saturating_sub(generator_before);

        let mut http = micros_histogram();
        let mut whole = micros_histogram();
        for thread in threads {
            let (one_http, one_whole) = thread.join().map_err(|_| anyhow!("a login thread panicked"))??;
            http.add(one_http)?;
            whole.add(one_whole)?;
        }
        let mut figures = Figures::default();
        figures.push("logins_per_s", whole.len() as f64 / args.run.seconds);
        figures.push_latency(&whole);
        figures.push("http_part_p50_ms", http.value_at_quantile(0.5) as f64 / 1000.0);
        if let Some(cpu) = cpu {
            figures.push("server_cpu_us_per_login", cpu.as_secs_f64() * 1e6 / whole.len().max(1) as f64);
            figures.push("server_cores", cpu.as_secs_f64() / args.run.seconds);
        }
        figures.push("generator_cores", generator.as_secs_f64() / args.run.seconds);
        Ok(figures)
    })
}

fn log_in_until_the_end(
    number: usize,
    args: &LoginArgs,
    door: &Door,
    window: Window,
    next_player: &AtomicUsize,
) -> Result<(Histogram<u64>, Histogram<u64>)> {
    let clock = Clock::System;
    let sources = Sources(args.run.sources);
    let mut http = HttpLogin::new(door, sources, number);
    let (mut http_part, mut whole) = (micros_histogram(), micros_histogram());
    while clock.now() < window.to {
        stop::check()?;
        let player = next_player.fetch_add(1, Ordering::Relaxed) % args.players.max(1);
        let begun = clock.now();
        let token = http.login(player)?;
        let has_token = clock.now();
        socket_login(door, sources, player, token)?;
        let done = clock.now();
        if window.holds(done) {
            record(&mut http_part, begun, has_token);
            record(&mut whole, begun, done);
        }
    }
    Ok((http_part, whole))
}

fn record(histogram: &mut Histogram<u64>, from: Moment, to: Moment) {
    histogram.saturating_record(to.since(from).as_micros().max(1) as u64);
}

/// Opens a socket, logs in, waits for the welcome, says good-bye.
fn socket_login(door: &Door, sources: Sources, player: usize, token: String) -> Result<()> {
    let mut stream = http_login::connect(door.address, sources.address(player, door.address))?;
    stream.write_all(websocket::upgrade_request(&door.address.to_string(), &door.path).as_bytes())?;
    let mut bytes = Vec::with_capacity(2048);
    let answered = loop {
        read_more(&mut stream, &mut bytes)?;
        if let Some(length) = websocket::upgrade_answer(&bytes)? {
            break length;
        }
    };
    bytes.drain(..answered);
    let login = messages::Login {
        token,
        build: "bench".to_owned(),
        device: format!("bench-{player}"),
        ..Default::default()
    };
    stream.write_all(&framed(operation::LOGIN, &login.encode_to_vec()))?;
    loop {
        if let Some(frame) = websocket::server_frame(&bytes)? {
            for part in protocol::frames_in_message(frame.payload, u32::MAX) {
                match part? {
                    (operation::WELCOME, _) => {
                        stream.write_all(&framed(operation::GOODBYE, &[]))?;
                        return Ok(());
                    }
                    (operation::ERROR | operation::GOODBYE, body) => {
                        let error = messages::Error::decode(body).context("read the server's error")?;
                        bail!("the server refused bench-{player}: {} {}", error.code, error.message);
                    }
                    _ => {}
                }
            }
            bytes.drain(..frame.length);
        } else {
            read_more(&mut stream, &mut bytes)?;
        }
    }
}

fn read_more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> Result<()> {
    let mut chunk = [0; 2048];
    let read = stream.read(&mut chunk)?;
    ensure!(read > 0, "the server closed the connection before its welcome");
    bytes.extend_from_slice(&chunk[..read]);
    Ok(())
}

fn framed(operation: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; websocket::HEADROOM];
    frame.extend_from_slice(&Header { operation, length: body.len() as u32 }.encode());
    frame.extend_from_slice(body);
    let start = websocket::mask_in_place(&mut frame, websocket::BINARY);
    frame.split_off(start)
}
