//! The yardstick: a bare WebSocket relay on `fastwebsockets` and tokio. No protocol, no login, no rooms.
//!
//! `/echo` sends every message back. `/relay/<group>` sends every message to all other connections of the group, one
//! `write` each, from the task that has read it. Nothing guards against slow readers.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use fastwebsockets::{Frame, OpCode, Payload, Role, WebSocket, WebSocketError, WebSocketWrite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::cli::FloorArgs;

/// Serves until standard input ends; says `ready http=<address>` first.
pub fn serve(args: &FloorArgs) -> Result<()> {
    let runtime = match args.floor_threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread().enable_io().build()?,
        threads => tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_io().build()?,
    };
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = ended.send(());
    });
    runtime.block_on(async {
        let listener = listen()?;
        writeln!(std::io::stdout(), "ready http={}", listener.local_addr()?)?;
        let groups = Groups::default();
        tokio::select! {
            result = accept(listener, groups) => result,
            _ = end => Ok(()),
        }
    })
}

type Writer = Mutex<WebSocketWrite<OwnedWriteHalf>>;
type Group = Arc<StdMutex<Arc<[Arc<Writer>]>>>;
type Groups = Arc<StdMutex<HashMap<String, Group>>>;

fn listen() -> Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0".parse()?)?;
    Ok(socket.listen(4096)?)
}

async fn accept(listener: TcpListener, groups: Groups) -> Result<()> {
    loop {
        let (stream, _) = listener.accept().await.context("accept")?;
        let groups = Arc::clone(&groups);
        // A connection that ends badly is nobody's concern here.
        tokio::spawn(async move { serve_connection(stream, groups).await.ok() });
    }
}

async fn serve_connection(mut stream: TcpStream, groups: Groups) -> Result<()> {
    stream.set_nodelay(true)?;
    let path = upgrade(&mut stream).await?;
    match path.strip_prefix("/relay/") {
        Some(group) => relay(stream, group.to_owned(), groups).await,
        None => echo(stream).await,
    }
}

async fn echo(stream: TcpStream) -> Result<()> {
    let mut socket = WebSocket::after_handshake(stream, Role::Server);
    socket.set_writev(false);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Binary => socket.write_frame(Frame::binary(frame.payload)).await?,
            OpCode::Close => return Ok(()),
            _ => {}
        }
    }
}

async fn relay(stream: TcpStream, name: String, groups: Groups) -> Result<()> {
    let (read, write) = stream.into_split();
    let (mut reader, mut writer) = fastwebsockets::after_handshake_split(read, write, Role::Server);
    writer.set_writev(false);
    let writer = Arc::new(Mutex::new(writer));
    let group = Arc::clone(groups.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
    change(&group, |members| members.push(Arc::clone(&writer)));
    let result = loop {
        let own = &writer;
        let mut answer = |frame: Frame<'static>| async move { own.lock().await.write_frame(frame).await };
        let frame = match reader.read_frame::<_, WebSocketError>(&mut answer).await {
            Ok(frame) => frame,
            Err(error) => break Err(error.into()),
        };
        match frame.opcode {
            OpCode::Binary => {
                let members = Arc::clone(&group.lock().unwrap_or_else(PoisonError::into_inner));
                for member in members.iter().filter(|member| !Arc::ptr_eq(member, &writer)) {
                    let copy = Frame::binary(Payload::Borrowed(&frame.payload));
                    // The receiver's own task finds out that it is gone.
                    let _ = member.lock().await.write_frame(copy).await;
                }
            }
            OpCode::Close => break Ok(()),
            _ => {}
        }
    };
    change(&group, |members| members.retain(|member| !Arc::ptr_eq(member, &writer)));
    result
}

/// Copies the list of members on change, so that sending needs no more than a reference to it.
fn change(group: &Group, edit: impl FnOnce(&mut Vec<Arc<Writer>>)) {
    let mut members = group.lock().unwrap_or_else(PoisonError::into_inner);
    let mut changed = members.to_vec();
    edit(&mut changed);
    *members = changed.into();
}

/// Reads the request, answers it, and gives its path.
async fn upgrade(stream: &mut TcpStream) -> Result<String> {
    let mut request = Vec::with_capacity(1024);
    loop {
        if stream.read_buf(&mut request).await? == 0 || request.len() > 8192 {
            bail!("no whole request");
        }
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut parsed = httparse::Request::new(&mut headers);
        if parsed.parse(&request)?.is_partial() {
            continue;
        }
        let key = parsed.headers.iter().find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"));
        let key = key.context("no Sec-WebSocket-Key")?.value;
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            accept_key(key)
        );
        stream.write_all(answer.as_bytes()).await?;
        return Ok(parsed.path.unwrap_or("/").to_owned());
    }
}

fn accept_key(key: &[u8]) -> String {
    const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let mut digest = ring::digest::Context::new(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY);
    digest.update(key);
    digest.update(GUID);
    base64::engine::general_purpose::STANDARD.encode(digest.finish())
}
