//! The daemon: opens the data folder, starts the registry, serves the API, and ends in order.

use crate::{
    access::Tokens,
    api::{self, patience::Patience},
    broker::Services,
    config::{Applies, Live, LogFilter},
    dev,
    instance::{GuestEngine, code::CodeCache},
    jobs::retention::keep_house,
    listen::{Listeners, Url},
    model::{NewToken, Role, Timestamp},
    registry::{Catalog, Registry},
    store::Store,
};
use anyhow::{Context as _, Result, bail};
use ostler_render::{RenderLimits, RenderPool, WorkerCommand};
use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What that token is called.
const FIRST: &str = "admin";
/// The file in the data folder with the token that the first start makes.
pub const FIRST_TOKEN: &str = "admin-token";

/// How to run a daemon.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder; made when it is missing.
    pub data: PathBuf,
    /// The configuration.
    pub config: Arc<Live>,
    /// The `ostler` binary, for the processes that render and compile.
    pub program: PathBuf,
}

/// A running daemon.
pub struct Daemon {
    /// Its registry.
    pub registry: Arc<Registry>,
    config: Arc<Live>,
    tokens: Arc<Tokens>,
    listeners: Listeners,
    link: Option<String>,
    /// Components to install once the API answers: compiling them may take a while.
    components: Vec<PathBuf>,
    /// Folders to watch.
    watched: Vec<PathBuf>,
}

impl Daemon {
    /// Opens the data folder and starts everything but the API.
    pub async fn start(options: Options) -> Result<Self> {
        let config = options.config.now().config.clone();
        let (drivers, limits) = (config.general.drivers, config.limits);
        let components = components(&drivers)?;
        let watched = if config.general.dev { drivers } else { Vec::new() };
        if config.general.dev && watched.is_empty() {
            bail!("'dev' watches the folders of 'drivers', and there are none: name one, with --drivers for instance");
        }
        let data = options.data.clone();
        let most_bytes = Some(limits.common.database_bytes).filter(|bytes| *bytes > 0);
        let store = tokio::task::spawn_blocking(move || Store::open_within(&data, most_bytes)).await??;
        for job in store.recover_jobs().await? {
            tracing::warn!(job = %job.id, state = job.state.name(), "a job was under way when the daemon ended");
        }
        let guests = GuestEngine::start().map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let cache = store.folder().join("cache");
        let code = CodeCache::new(cache, guests.engine(), limits.common.clone(), options.program.clone());
        let worker = WorkerCommand { program: options.program, args: vec!["render-worker".into()] };
        let render = RenderPool::new(RenderLimits::default(), worker);
        let services = Services::start(store.clone(), render, limits);
        let catalog = Catalog::build(&[], None)?;
        let listeners = Listeners::open(&options.data, &config.http, Patience::of(&services)).await?;
        let tokens = Arc::new(Tokens::load(store.clone()).await?);
        let link = match listeners.url() {
            Some(url) => first_token(&options.data, &tokens, &url).await?,
            None => None,
        };
        let registry = Registry::start(services, guests, code, catalog).await?;
        Ok(Self { registry, config: options.config, tokens, listeners, link, components, watched })
    }

    /// The path of the API's socket.
    pub fn socket(&self) -> &Path {
        self.listeners.socket()
    }

    /// Where a browser finds the page.
    pub fn url(&self) -> Option<Url> {
        self.listeners.url()
    }

    /// A link that logs in once, at the first start. Not for the log, which others may read.
    pub fn link(&self) -> Option<&str> {
        self.link.as_deref()
    }

    /// Serves the API until `stop` completes, then stops all machines.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let router = api::router(api::Context {
            registry: Arc::clone(&self.registry),
            config: self.config,
            tokens: self.tokens,
            url: self.listeners.url(),
            attempts: Arc::default(),
        });
        let socket = self.listeners.socket().to_owned();
        let (registry, watched) = (Arc::clone(&self.registry), self.watched);
        let installing = tokio::spawn(async move {
            if watched.is_empty() {
                install(registry, self.components).await;
            } else {
                dev::watch(registry, watched).await;
            }
        });
        let housekeeping = tokio::spawn(keep_house(Arc::clone(&self.registry.services)));
        let served = tokio::select! {
            served = self.listeners.serve(router) => served,
            // Open event streams would hold a graceful end for ever; requests are short, and nothing acknowledged is lost.
            () = stop => Ok(()),
        };
        installing.abort();
        housekeeping.abort();
        self.registry.shutdown().await;
        let _ = std::fs::remove_file(&socket);
        Ok(served?)
    }
}

/// Reads the configuration again and applies what can change while the daemon runs. A wrong one changes nothing, and stands
/// among the registry's errors until it is right.
pub fn reload(registry: &Registry, live: &Live, set_log: impl Fn(&LogFilter)) {
    const SOURCE: &str = "configuration";
    let changes = match live.reload() {
        Ok(changes) => changes,
        Err(error) => {
            registry.settle(SOURCE);
            registry.report(SOURCE, format!("nothing was changed: {error}"));
            return;
        }
    };
    registry.settle(SOURCE);
    let config = live.now().config.clone();
    set_log(&config.general.log);
    registry.set_limits(config.limits);
    tracing::info!(changes = changes.len(), "the configuration was read again");
    for change in changes {
        let written =
            |value: Option<toml::Value>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        let (from, to) = (written(change.values.0), written(change.values.1));
        let text = format!("{}: {to} instead of {from}, {}", change.key, change.applies);
        match change.applies {
            Applies::Restart => tracing::warn!("{text}"),
            Applies::Reload | Applies::NextInstance => tracing::info!("{text}"),
        }
    }
}

/// Makes a first token when there is none that opens anything, and answers with a link that logs in with it once.
async fn first_token(data: &Path, tokens: &Tokens, url: &Url) -> Result<Option<String>> {
    if !tokens.is_empty() {
        return Ok(None);
    }
    // Another one of this name may be there, and have expired.
    let taken = tokens.list().iter().any(|token| token.name == FIRST && token.revoked_at.is_none());
    let name = if taken { format!("{FIRST}-{}", Timestamp::now().0) } else { FIRST.to_owned() };
    let new = NewToken { name, role: Role::Admin, machines: None, expires_at: None };
    let (made, text) = tokens.create(new, "daemon").await?;
    let file = data.join(FIRST_TOKEN);
    write_private(&file, &text).with_context(|| format!("writing the first token to {}", file.display()))?;
    tracing::info!(file = %file.display(), "made a first token for administrators");
    Ok(Some(format!("{url}login/?link={}", tokens.offer_link(made.pk))))
}

/// Writes a file that only its owner can read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let _ = std::fs::remove_file(path);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// The components in some folders, in order.
fn components(folders: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("reading the driver folder {}: name one that exists", folder.display()))?;
        files.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "wasm"));
    files.sort();
    Ok(files)
}

/// Installs components. A bad one is reported and does not stand in the way of the others.
async fn install(registry: Arc<Registry>, components: Vec<PathBuf>) {
    for file in components {
        let source = file.display().to_string();
        match tokio::fs::read(&file).await {
            Ok(bytes) => match registry.install(bytes, "daemon").await {
                Ok(installed) if installed.new => {
                    let driver = installed.driver;
                    tracing::info!(driver = %driver.info.slug, digest = %driver.digest, "installed {source}");
                }
                Ok(_) => {}
                Err(error) => registry.report(&source, error.to_string()),
            },
            Err(error) => registry.report(&source, format!("the file cannot be read: {error}")),
        }
    }
}
