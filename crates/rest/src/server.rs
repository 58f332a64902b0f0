//! HTTP/1.1 on connections that somebody else accepted.

use std::convert::Infallible;
use std::net::{IpAddr, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use admission::Proxies;
use axum::Router;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, server::conn::http1};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use protocol::Fault;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;

use crate::envelope::Failure;
use crate::lingering_io::LingeringIo;
use crate::prefixed_io::PrefixedIo;
use crate::slots::{Slot, Slots};

/// Serves one router on any number of connections. Cheap to clone.
#[derive(Clone)]
pub struct HttpServer {
    inner: Arc<Inner>,
}

struct Inner {
    router: TowerToHyperService<Router>,
    limits: ConnectionLimits,
    slots: Slots,
    refusals: Semaphore,
    stop: watch::Sender<bool>,
}

#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Connections at once; the next ones hear `overloaded`.
    pub connections: usize,
    /// Of these, what one address (IPv6: one /64) may have; the next ones hear `too_many_connections`.
    pub per_address: usize,
    /// Their own connections do not count by address, those of clients that a PROXY header tells of do.
    pub proxies: Proxies,
    /// Connections beyond, at once, that hear why they are refused; the next ones are closed without a word.
    pub refusals: usize,
    /// Time for a request's head to arrive, and for the next request to begin.
    pub head_within: Duration,
    /// After this a connection is ended behind the request under way, so that nobody who reads one byte a minute stays.
    pub lifetime: Duration,
    /// Time for the last request of a connection that is being ended.
    pub last_request_within: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> ConnectionLimits {
        ConnectionLimits {
            connections: 8192,
            per_address: 8192 / 8,
            proxies: Proxies::default(),
            refusals: 1024,
            head_within: Duration::from_secs(5),
            lifetime: Duration::from_secs(120),
            last_request_within: Duration::from_secs(20),
        }
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The socket's.
    pub ip: IpAddr,
    /// The source in the connection's PROXY header, if it had one.
    pub told: Option<IpAddr>,
}

impl HttpServer {
    pub fn new(router: Router, limits: ConnectionLimits) -> HttpServer {
        let router = TowerToHyperService::new(router);
        let slots = Slots::new(limits.clone());
        let refusals = Semaphore::new(limits.refusals);
        let (stop, _) = watch::channel(false);
        HttpServer { inner: Arc::new(Inner { router, limits, slots, refusals, stop }) }
    }

    /// Serves a connection to its end. `prefix` is what was already read of it.
    pub async fn serve_connection<S>(&self, io: S, prefix: Bytes, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let io = PrefixedIo::new(prefix, io);
        match self.inner.slots.take(peer) {
            Ok(slot) => self.drive(io, slot, peer).await,
            Err(fault) => self.refuse(io, fault).await,
        }
    }

    /// Serves a plain socket on a runtime; may be called from any thread.
    pub fn spawn(&self, runtime: &Handle, stream: TcpStream, prefix: Bytes, peer: Peer) {
        let server = self.clone();
        runtime.spawn(async move {
            match stream.set_nonblocking(true).and_then(|()| tokio::net::TcpStream::from_std(stream)) {
                Ok(stream) => server.serve_connection(stream, prefix, peer).await,
                Err(error) => tracing::warn!(event = "http_handover_failed", %error),
            }
        });
    }

    /// Accepts and serves until [`stop`](HttpServer::stop); for a listener that carries nothing but HTTP.
    pub async fn serve_listener(&self, listener: TcpListener) {
        let mut stopped = self.inner.stop.subscribe();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = stopped.wait_for(|stop| *stop) => return,
            };
            match accepted {
                Ok((stream, address)) => {
                    let server = self.clone();
                    let peer = Peer { ip: address.ip(), told: None };
                    tokio::spawn(async move { server.serve_connection(stream, Bytes::new(), peer).await });
                }
                Err(error) => {
                    tracing::warn!(event = "http_accept_failed", %error);
                    // Out of file handles, mostly: a moment's rest keeps the loop from spinning.
                    let rest = timeout(Duration::from_millis(100), stopped.wait_for(|stop| *stop));
                    if matches!(rest.await, Ok(Ok(_))) {
                        return;
                    }
                }
            }
        }
    }

    /// Every connection ends after the request under way.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    /// Connections being served.
    pub fn connections(&self) -> usize {
        self.inner.slots.taken()
    }

    /// Addresses with connections being served; listed proxies are not counted.
    pub fn addresses(&self) -> usize {
        self.inner.slots.addresses()
    }

    /// Waits until no connection is left; false if `limit` passed first.
    pub async fn drained(&self, limit: Duration) -> bool {
        self.inner.slots.all_free(limit).await
    }

    async fn drive<S>(&self, io: PrefixedIo<S>, slot: Slot, peer: Peer)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Inner { router, limits, stop, .. } = &*self.inner;
        let mut stopped = stop.subscribe();
        let refused = Arc::new(AtomicBool::new(false));
        let io = LingeringIo::new(io, refused.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            let has_body = !request.body().is_end_stream();
            let refused = refused.clone();
            let answer = router.call(request);
            async move {
                let response = answer.await?;
                // The body may not have been read to its end.
                refused.store(has_body && !response.status().is_success(), Ordering::Relaxed);
                Ok::<Response, Infallible>(response)
            }
        });
        let mut connection = pin!(builder(limits).serve_connection(TokioIo::new(io), service));
        tokio::select! {
            // An error is the client's doing: a broken request, a lost connection, a head that does not come.
            _ = connection.as_mut() => return drop(slot),
            _ = timeout(limits.lifetime, stopped.wait_for(|stop| *stop)) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(limits.last_request_within, connection).await;
        drop(slot);
    }

    /// Reads one request and says why there is no room; bounded in time and number, holds no slot.
    async fn refuse<S>(&self, io: PrefixedIo<S>, fault: Fault)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Ok(_place) = self.inner.refusals.try_acquire() else { return };
        let service = service_fn(|_: Request<Incoming>| {
            let answer = Failure(fault.clone()).into_response();
            async move { Ok::<Response, Infallible>(answer) }
        });
        let io = TokioIo::new(LingeringIo::new(io, Arc::new(AtomicBool::new(true))));
        let connection = builder(&self.inner.limits).keep_alive(false).serve_connection(io, service);
        let _ = timeout(Duration::from_secs(2), connection).await;
    }
}

fn builder(limits: &ConnectionLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_within).max_buf_size(64 * 1024);
    builder
}
