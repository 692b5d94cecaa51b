//! Getting connected: to a host, or to the proxy that stands before it, with TLS where it is wanted.
//!
//! May use nothing of keyfob's but `duration`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use crate::duration;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

type Connecting = Pin<Box<dyn Future<Output = Result<Wire, BoxError>> + Send>>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection, whatever it consists of: one type, so that HTTP and TLS are in the program once.
pub(super) struct Wire {
    io: TokioIo<Box<dyn Stream>>,
    /// Whether a proxy reads the requests, which then name the whole address.
    is_forwarded: bool,
}

impl Wire {
    fn over(stream: impl Stream + 'static) -> Self {
        Wire { io: TokioIo::new(Box::new(stream)), is_forwarded: false }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_forwarded)
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// Connects to the host of an address itself, a proxy's too.
#[derive(Clone)]
pub(super) struct Transport {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
}

impl Transport {
    pub(super) fn new(tls: Arc<ClientConfig>) -> Self {
        let mut tcp = HttpConnector::new();
        // Else the second of two small writes waits for the first to be acknowledged.
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Transport { tcp, tls }
    }
}

impl Service<Uri> for Transport {
    type Response = Wire;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(BoxError::from)
    }

    fn call(&mut self, address: Uri) -> Connecting {
        let (connecting, tls) = (self.tcp.call(address.clone()), Arc::clone(&self.tls));
        Box::pin(async move {
            let wire = Wire::over(connecting.await?.into_inner());
            if address.scheme() == Some(&Scheme::HTTPS) { secured(wire, &address, tls).await } else { Ok(wire) }
        })
    }
}

/// TLS with the host of an address, over a connection that leads there.
async fn secured(wire: Wire, address: &Uri, tls: Arc<ClientConfig>) -> Result<Wire, BoxError> {
    let host = address.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned())?;
    Ok(Wire::over(TlsConnector::from(tls).connect(name, wire.io.into_inner()).await?))
}

/// Connects for a request to an address: by a proxy, if one is named for it.
#[derive(Clone)]
pub(super) struct Connect {
    transport: Transport,
    proxies: Option<Arc<Matcher>>,
    limit: Duration,
}

impl Connect {
    /// `limit` is for all of it: name lookup, the proxy's answer, TLS.
    pub(super) fn new(transport: Transport, proxies: Option<Arc<Matcher>>, limit: Duration) -> Self {
        Connect { transport, proxies, limit }
    }

    fn path(&mut self, address: Uri) -> Connecting {
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&address)) else {
            return self.transport.call(address);
        };
        if address.scheme() != Some(&Scheme::HTTPS) {
            let connecting = self.transport.call(proxy.uri().clone());
            return Box::pin(async { Ok(Wire { is_forwarded: true, ..connecting.await? }) });
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.transport.clone());
        if let Some(password) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(password.clone());
        }
        let (connecting, tls) = (tunnel.call(address.clone()), Arc::clone(&self.transport.tls));
        Box::pin(async move { secured(connecting.await?, &address, tls).await })
    }
}

impl Service<Uri> for Connect {
    type Response = Wire;
    type Error = BoxError;
    type Future = Connecting;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.transport.poll_ready(context)
    }

    fn call(&mut self, address: Uri) -> Connecting {
        let (limit, connecting) = (self.limit, self.path(address));
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(format!("within {}", duration::text(limit)).into()),
            }
        })
    }
}
