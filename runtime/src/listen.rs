//! Where is the daemon reached? On a Unix socket in the data folder, and on a network address for those with a token.
//!
//! Beyond this machine it listens with TLS only, unless the operator insists.

use crate::{
    api::{
        access::Origin,
        patience::{Connection, Patience, Patient},
    },
    config::{Http, Listen},
};
use anyhow::{Context as _, Result, bail};
use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use std::{
    fmt, io,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    sync::{Semaphore, mpsc},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The API's socket, in the data folder.
pub const SOCKET: &str = "ostler.sock";
/// The longest path of a Unix socket on Linux (`sun_path` less its end).
pub const MAX_SOCKET_PATH: usize = 107;
/// How long a client may take to agree on keys.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many clients may be at that at the same time.
const HANDSHAKES: usize = 256;

/// Where a daemon listens.
pub struct Listeners {
    unix: Patient<UnixListener>,
    socket: PathBuf,
    network: Option<Network>,
}

/// A network address.
enum Network {
    Plain(Patient<TcpListener>),
    Tls(TlsListener),
}

impl Network {
    fn url(&self) -> Option<Url> {
        let (scheme, address) = match self {
            Self::Plain(listener) => ("http", listener.local_addr()),
            Self::Tls(listener) => ("https", Ok(listener.address)),
        };
        Some(Url { scheme, address: address.ok()? })
    }
}

/// Whether a daemon could listen on its network address now, and where.
pub async fn network(http: &Http) -> Result<Option<Url>> {
    let Some((listener, tls)) = bind(http).await? else { return Ok(None) };
    let scheme = if tls.is_some() { "https" } else { "http" };
    Ok(Some(Url { scheme, address: listener.local_addr()? }))
}

/// The address of the page, for a browser.
#[derive(Debug, Clone)]
pub struct Url {
    scheme: &'static str,
    address: SocketAddr,
}

impl Url {
    /// Whether nobody on the way can read along.
    pub fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}/", self.scheme, self.address)
    }
}

impl Listeners {
    /// Listens. Fails when something else does already, or when it would be unsafe.
    pub async fn open(data: &Path, http: &Http, patience: Patience) -> Result<Self> {
        // The safety of the network address is a matter of configuration, so it comes before anything is opened.
        let network = match bind(http).await? {
            None => None,
            Some((listener, None)) => Some(Network::Plain(Patient::new(listener, patience.clone()))),
            Some((listener, Some(acceptor))) => {
                Some(Network::Tls(TlsListener::start(Patient::new(listener, patience.clone()), acceptor)?))
            }
        };
        let (unix, socket) = listen_on_socket(data)?;
        Ok(Self { unix: Patient::new(unix, patience), socket, network })
    }

    /// The path of the socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Where a browser finds the page.
    pub fn url(&self) -> Option<Url> {
        self.network.as_ref().and_then(Network::url)
    }

    /// Serves everywhere until one of them fails, which they do not while the process lives.
    pub async fn serve(self, router: Router) -> io::Result<()> {
        let service = router.into_make_service_with_connect_info::<Origin>();
        let unix = axum::serve(self.unix, service.clone());
        match self.network {
            None => unix.await,
            Some(Network::Plain(listener)) => {
                tokio::try_join!(unix.into_future(), axum::serve(listener, service).into_future()).map(drop)
            }
            Some(Network::Tls(listener)) => {
                tokio::try_join!(unix.into_future(), axum::serve(listener, service).into_future()).map(drop)
            }
        }
    }
}

impl Connected<IncomingStream<'_, Patient<UnixListener>>> for Origin {
    fn connect_info(_: IncomingStream<'_, Patient<UnixListener>>) -> Self {
        Self::Socket
    }
}

impl Connected<IncomingStream<'_, Patient<TcpListener>>> for Origin {
    fn connect_info(stream: IncomingStream<'_, Patient<TcpListener>>) -> Self {
        Self::Network(*stream.remote_addr())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Origin {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self::Network(*stream.remote_addr())
    }
}

fn listen_on_socket(data: &Path) -> Result<(UnixListener, PathBuf)> {
    let socket = data.join(SOCKET);
    if socket.as_os_str().len() > MAX_SOCKET_PATH {
        bail!(
            "the path of the socket, {}, has more than {MAX_SOCKET_PATH} characters: choose a shorter data folder",
            socket.display()
        );
    }
    // The data folder is locked, so a socket that lies there belongs to a daemon that is gone.
    if socket.exists() {
        std::fs::remove_file(&socket).with_context(|| format!("removing the old socket {}", socket.display()))?;
    }
    let listener = UnixListener::bind(&socket).with_context(|| format!("listening on {}", socket.display()))?;
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
    Ok((listener, socket))
}

/// The network address, and how connections to it are encrypted, if they are.
async fn bind(http: &Http) -> Result<Option<(TcpListener, Option<TlsAcceptor>)>> {
    let Listen::At(address) = http.listen else { return Ok(None) };
    let said = |path: &PathBuf| !path.as_os_str().is_empty();
    let tls = match (said(&http.tls_certificate), said(&http.tls_key)) {
        (true, true) => Some(acceptor(&http.tls_certificate, &http.tls_key)?),
        (false, false) => None,
        _ => bail!("`http.tls_certificate` and `http.tls_key` belong together: set both, or none"),
    };
    if tls.is_none() && !address.ip().is_loopback() && !http.insecure {
        bail!(
            "{address} is reached from other machines, and without TLS everybody on the way could read the tokens: set \
             `http.tls_certificate` and `http.tls_key`, or `http.insecure` if you accept that"
        );
    }
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("listening on {address}: choose another address with --listen, or `--listen off` for the socket alone")
    })?;
    Ok(Some((listener, tls)))
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("reading the certificate {}", certificate.display()))?;
    if chain.is_empty() {
        bail!("there is no certificate in {}: it must be in PEM", certificate.display());
    }
    let key_der = PrivateKeyDer::from_pem_file(key).with_context(|| format!("reading the key {}", key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .with_context(|| format!("{} is not the key of {}", key.display(), certificate.display()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A connection with TLS.
type Encrypted = TlsStream<Connection<TcpStream>>;

/// Accepts connections with TLS. Agreeing on keys goes on beside accepting, so that a client that is slow at it holds nobody else.
pub struct TlsListener {
    accepted: mpsc::Receiver<(Encrypted, SocketAddr)>,
    address: SocketAddr,
}

impl TlsListener {
    fn start(mut listener: Patient<TcpListener>, acceptor: TlsAcceptor) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (sender, accepted) = mpsc::channel(1);
        let slots = Arc::new(Semaphore::new(HANDSHAKES));
        tokio::spawn(async move {
            while !sender.is_closed() {
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { break };
                let (stream, from) = Listener::accept(&mut listener).await;
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    let _slot = slot;
                    match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        Ok(Ok(stream)) => drop(sender.send((stream, from)).await),
                        Ok(Err(error)) => tracing::debug!(%from, %error, "a client could not agree on keys"),
                        Err(_) => tracing::debug!(%from, "a client was too slow to agree on keys"),
                    }
                });
            }
        });
        Ok(Self { accepted, address })
    }
}

impl Listener for TlsListener {
    type Io = Encrypted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            // The task that accepts ends after this.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
