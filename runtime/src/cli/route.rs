//! The way to the daemon: its Unix socket, or a network address, with or without TLS.

use anyhow::{Context as _, Result, bail};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::TlsConnector;
use url::Url;

/// Where a daemon is.
#[derive(Debug, Clone)]
pub enum Route {
    /// A Unix socket.
    Socket(PathBuf),
    /// An address.
    Network {
        /// `http://` or `https://`.
        url: Url,
        /// A file with the certificate that is to be trusted, in place of those that the system trusts.
        authority: Option<PathBuf>,
    },
}

/// A connection.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Route {
    /// Connects.
    pub async fn open(&self) -> Result<Box<dyn Stream>> {
        match self {
            Self::Socket(path) => {
                let stream = UnixStream::connect(path).await.with_context(|| {
                    format!(
                        "no daemon answers at {}: start one with `ostler serve`, or name its data folder with --data",
                        path.display()
                    )
                })?;
                Ok(Box::new(stream))
            }
            Self::Network { url, authority } => {
                let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
                    bail!("{url} names no host: write http://HOST:PORT/");
                };
                let stream = TcpStream::connect((host.trim_matches(['[', ']']), port))
                    .await
                    .with_context(|| format!("no daemon answers at {url}: look at --url (OSTLER_URL)"))?;
                match url.scheme() {
                    "http" => Ok(Box::new(stream)),
                    "https" => Ok(Box::new(secure(stream, host, authority.as_deref()).await?)),
                    other => bail!("{other}:// is no way to a daemon: write http:// or https://"),
                }
            }
        }
    }

    /// What stands in the header `Host`.
    pub fn host(&self) -> String {
        match self {
            Self::Socket(_) => "ostler".to_owned(),
            Self::Network { url, .. } => {
                let host = url.host_str().unwrap_or_default();
                url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
            }
        }
    }
}

async fn secure(stream: TcpStream, host: &str, authority: Option<&Path>) -> Result<impl Stream + use<>> {
    let mut roots = RootCertStore::empty();
    match authority {
        Some(file) => {
            let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let certificates = read.with_context(|| format!("reading the certificate {}", file.display()))?;
            roots.add_parsable_certificates(certificates);
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .with_context(|| format!("{host} is no name of a server"))?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.with_context(|| {
        format!("{host} could not show a certificate that is trusted: name the file with --ca (OSTLER_CA)")
    })
}
