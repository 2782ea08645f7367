//! Compiled code: from the cache, or from a compiler process.
//!
//! Compiled code is native code, and the engine does not authenticate it. So the cache is a folder of the daemon alone, a
//! file is keyed by the component's digest and the engine's compatibility hash, and its own digest is kept in the database
//! and checked before it is loaded. Compilation runs in a child process with a memory limit: a component that is made
//! to exhaust the compiler takes only that process with it.

use super::{engine, limits::Limits, link::linker_for, state::DriverStore};
use crate::{
    contract::MachineType,
    model::Digest,
    store::{Store, StoreError},
};
use parking_lot::Mutex;
use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash as _, Hasher as _},
    io::{self, Read as _, Write as _},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};
use thiserror::Error;
use tokio::{io::AsyncWriteExt as _, process::Command, time::timeout};
use wasmtime::{
    Engine,
    component::{Component, InstancePre, Linker},
};

/// A component that is ready to be instantiated.
pub struct Loaded {
    /// The component with everything that it imports.
    pub pre: InstancePre<DriverStore>,
    /// The type that it serves.
    pub machine_type: Arc<MachineType>,
}

/// Why a component could not be loaded.
#[derive(Debug, Error)]
pub enum CodeError {
    /// The compiler refused it or passed a limit.
    #[error("the component could not be compiled: {0}")]
    Compile(String),
    /// Its imports do not fit what the host offers.
    #[error("the component cannot be linked: {0}")]
    Link(String),
    /// The component's file or its record could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cache could not be written.
    #[error("the cache folder {0} could not be used: {1}")]
    Cache(PathBuf, io::Error),
}

/// The cache of compiled code.
#[derive(Clone)]
pub struct CodeCache {
    folder: PathBuf,
    engine: Engine,
    /// Names what compiled code depends on beside the component: the engine's version, settings and processor.
    compatibility: String,
    limits: Limits,
    program: PathBuf,
    /// What drivers of a type are given, made once for each type: host functions are many, and the same for all of them.
    linkers: Arc<Mutex<Vec<TypeLinker>>>,
}

/// What drivers of a machine type are given.
type TypeLinker = (Arc<MachineType>, Arc<Linker<DriverStore>>);

impl CodeCache {
    /// A cache in a folder of the daemon. `program` is the `ostler` binary, which compiles when it is asked to.
    pub fn new(folder: PathBuf, engine: &Engine, limits: Limits, program: PathBuf) -> Self {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = format!("{:016x}", hasher.finish());
        Self { folder, engine: engine.clone(), compatibility, limits, program, linkers: Arc::default() }
    }

    /// Loads a component and links it for its type.
    pub async fn load(
        &self,
        store: &Store,
        digest: Digest,
        machine_type: Arc<MachineType>,
    ) -> Result<Loaded, CodeError> {
        let component = match self.cached(store, digest).await? {
            Some(component) => component,
            None => self.compile(store, digest, &store.read_component(digest).await?).await?,
        };
        self.link(&component, machine_type)
    }

    /// Compiles a component, keeps the code and links it.
    pub async fn compile_and_link(
        &self,
        store: &Store,
        digest: Digest,
        bytes: &[u8],
        machine_type: Arc<MachineType>,
    ) -> Result<Loaded, CodeError> {
        let component = match self.cached(store, digest).await? {
            Some(component) => component,
            None => self.compile(store, digest, bytes).await?,
        };
        self.link(&component, machine_type)
    }

    /// Drops the code of a component that is not installed after all. What cannot be removed is only logged: it takes up
    /// room, and is never loaded.
    pub async fn forget(&self, store: &Store, digest: Digest) {
        if let Err(error) = store.forget_compiled(digest).await {
            tracing::warn!(%digest, %error, "compiled code of a refused component could not be forgotten");
        }
        match tokio::fs::remove_file(self.file(digest)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%digest, %error, "compiled code of a refused component could not be removed");
            }
            _ => {}
        }
    }

    fn link(&self, component: &Component, machine_type: Arc<MachineType>) -> Result<Loaded, CodeError> {
        let link = |error: wasmtime::Error| CodeError::Link(format!("{error:#}"));
        let linker = self.linker(&machine_type).map_err(link)?;
        let pre = linker.instantiate_pre(component).map_err(link)?;
        Ok(Loaded { pre, machine_type })
    }

    fn linker(&self, machine_type: &Arc<MachineType>) -> wasmtime::Result<Arc<Linker<DriverStore>>> {
        let mut linkers = self.linkers.lock();
        // Types that nobody but this list has any more are gone.
        linkers.retain(|(of, _)| Arc::strong_count(of) > 1);
        if let Some((_, linker)) = linkers.iter().find(|(of, _)| Arc::ptr_eq(of, machine_type)) {
            return Ok(Arc::clone(linker));
        }
        let linker = Arc::new(linker_for(&self.engine, machine_type)?);
        linkers.push((Arc::clone(machine_type), Arc::clone(&linker)));
        Ok(linker)
    }

    fn file(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}-{}.cwasm", self.compatibility))
    }

    async fn cached(&self, store: &Store, digest: Digest) -> Result<Option<Component>, CodeError> {
        let Some(expected) = store.compiled(digest, &self.compatibility).await? else { return Ok(None) };
        let (cache, file) = (self.clone(), self.file(digest));
        let loaded = tokio::task::spawn_blocking(move || cache.map(&file, expected)).await;
        Ok(match loaded {
            Ok(Ok(component)) => Some(component),
            Ok(Err(Unusable::Changed)) => {
                tracing::warn!(%digest, "compiled code in the cache is not what was written; compiling again");
                None
            }
            // Not there, or code of another engine, which is refused by the engine's own header.
            Ok(Err(Unusable::Other)) | Err(_) => None,
        })
    }

    async fn compile(&self, store: &Store, digest: Digest, bytes: &[u8]) -> Result<Component, CodeError> {
        let code = compile_apart(&self.program, &self.limits, bytes).await?;
        let failed = |error| CodeError::Cache(self.folder.clone(), error);
        write_whole(&self.folder, &self.file(digest), &code).await.map_err(failed)?;
        store.set_compiled(digest, &self.compatibility, Digest::of(&code)).await?;
        let why = || CodeError::Compile("the engine refuses the code that its compiler made".to_owned());
        self.cached(store, digest).await?.ok_or_else(why)
    }

    /// The one place where native code enters the process: a file is mapped, so that what no driver runs takes no memory.
    #[allow(unsafe_code)]
    fn map(&self, file: &Path, expected: Digest) -> Result<Component, Unusable> {
        let mut code = std::fs::File::open(file).map_err(|_| Unusable::Other)?;
        if Digest::of_reader(&mut code).map_err(|_| Unusable::Other)? != expected {
            return Err(Unusable::Changed);
        }
        // By its descriptor, so that what is mapped is what was read, whatever lies under the name by now.
        let opened = format!("/proc/self/fd/{}", code.as_raw_fd());
        // SAFETY: the bytes were compiled by our own binary with the same engine configuration, by the child process above
        // or by an earlier one. They lie in a folder that only this user may write, in a file that is never written again
        // once it has its name, and their digest was compared with the one that was recorded when they were made.
        unsafe { Component::deserialize_file(&self.engine, opened) }.map_err(|_| Unusable::Other)
    }
}

/// Compiles in a child process, within these limits. `program` is the `ostler` binary.
pub async fn compile_apart(program: &Path, limits: &Limits, bytes: &[u8]) -> Result<Vec<u8>, CodeError> {
    let limit = Duration::from_millis(limits.compile_ms.into());
    let failed = |error: io::Error| CodeError::Compile(format!("the compiler process failed: {error}"));
    let mut child = Command::new(program)
        .arg("compile-worker")
        .arg(limits.compile_memory_bytes.to_string())
        .env_clear()
        // Arenas that are reserved for each thread would count against the limit of address space.
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let mut stdin = child.stdin.take();
    let feed = async {
        if let Some(mut stdin) = stdin.take() {
            // A compiler that ends early closes its side; its exit says why.
            let _ = stdin.write_all(bytes).await;
        }
    };
    let work = async { tokio::join!(feed, child.wait_with_output()).1 };
    let output = timeout(limit, work)
        .await
        .map_err(|_| CodeError::Compile(format!("it took longer than {limit:?}")))?
        .map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let why = words.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason").to_owned();
    let mib = limits.compile_memory_bytes >> 20;
    Err(CodeError::Compile(match output.status.code() {
        Some(1) => why,
        _ => format!("the compiler ended ({}; {why}); it may use {mib} MiB", output.status),
    }))
}

/// Why a file of the cache is not loaded.
enum Unusable {
    /// It is not what was written.
    Changed,
    /// It is not there, or not for this engine.
    Other,
}

async fn write_whole(folder: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let (folder, file, bytes) = (folder.to_owned(), file.to_owned(), bytes.to_owned());
    let write = move || {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let mut temporary = tempfile::NamedTempFile::new_in(&folder)?;
        temporary.write_all(&bytes)?;
        temporary.persist(&file).map_err(|error| error.error)?;
        Ok(())
    };
    tokio::task::spawn_blocking(write).await.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

/// The compiler process: a component on standard input, native code on standard output. An error is one line on standard
/// error and exit status 1.
pub fn compile_worker(memory_bytes: u64) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = |bytes| Rlimit { current: Some(bytes), maximum: Some(bytes) };
    setrlimit(Resource::As, limit(memory_bytes)).map_err(|error| error.to_string())?;
    setrlimit(Resource::Core, limit(0)).map_err(|error| error.to_string())?;
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component).map_err(|error| error.to_string())?;
    let engine = Engine::new(&engine::config()).map_err(|error| format!("{error:#}"))?;
    let code = engine.precompile_component(&component).map_err(|error| one_line(&format!("{error:#}")))?;
    io::stdout().lock().write_all(&code).map_err(|error| error.to_string())
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

impl std::fmt::Debug for CodeCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "code cache {} ({})", self.folder.display(), self.compatibility)
    }
}
