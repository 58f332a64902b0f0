//! How other threads speak to a reactor.

use std::net::IpAddr;

use crossbeam_queue::SegQueue;
use mio::Waker;
use mio::net::TcpStream;

use super::ListenerKind;

/// What a reactor can be told.
pub enum Order {
    /// A connection that another reactor accepted.
    Adopt {
        socket: TcpStream,
        kind: ListenerKind,
        peer: IpAddr,
    },
    /// Accept nobody any more.
    CloseListeners,
    /// Accept nobody any more; tell everybody to come back later.
    Drain,
    Stop,
}

/// A reactor's orders; its bound is that of open files.
pub struct Mailbox {
    orders: SegQueue<Order>,
    waker: Waker,
}

impl Mailbox {
    pub fn new(waker: Waker) -> Mailbox {
        Mailbox { orders: SegQueue::new(), waker }
    }

    pub fn put(&self, order: Order) {
        self.orders.push(order);
        if let Err(error) = self.waker.wake() {
            tracing::warn!(event = "wake_failed", %error);
        }
    }

    pub fn take(&self) -> Option<Order> {
        self.orders.pop()
    }
}
