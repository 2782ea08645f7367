//! `ostler demo`: a daemon with simulated printers, drivers, machines and a printed label, in a temporary folder.
//!
//! The daemon is the real one in a process of its own, and everything is done over its API, as a user would.

use super::{apart::Daemon, client::Client, events::Feed, output::line, sample};
use crate::{
    api::tokens::Link,
    model::{Event, JobRecord, JobState},
    registry::view::{DriverView, MachineView},
};
use anyhow::{Context as _, Result, bail, ensure};
use ostler_simulators::{Fault, ZebraConfig, ZebraPrinter, zebra::FaultKind};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How to show it.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the components of the drivers lie: `just guests` builds them.
    #[arg(long, value_name = "DIR", default_value = "target/wasm32-wasip2/guest")]
    drivers: PathBuf,
    /// Leave it running when the tour is over, until Ctrl-C.
    #[arg(long)]
    keep: bool,
    /// Where the printed labels are written; a folder `ostler-demo` for temporary files unless given.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// How long to wait for something to happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// The drivers that the demo uses, by file.
const DRIVERS: [&str; 2] = ["ostler_driver_zebra.wasm", "ostler_driver_virtual.wasm"];

/// Shows it.
pub async fn run(arguments: Arguments) -> Result<()> {
    let output = arguments.output.unwrap_or_else(|| std::env::temp_dir().join("ostler-demo"));
    std::fs::create_dir_all(&output).with_context(|| format!("making the folder {}", output.display()))?;
    let components: Vec<(&str, Vec<u8>)> =
        DRIVERS.iter().map(|name| Ok((*name, component(&arguments.drivers.join(name))?))).collect::<Result<_>>()?;

    let folder = tempfile::Builder::new().prefix("ostler-demo-").tempdir()?;
    let data = folder.path().join("data");
    heading("A daemon, and two simulated Zebra printers")?;
    let daemon = Daemon::start(&data, &["--ping-interval", "1000", "--listen", "127.0.0.1:0"]).await?;
    let client = Client::new(&data);
    let front = ZebraPrinter::start(ZebraConfig::default())?;
    let fine = ZebraConfig { dots_per_mm: 12, head_width: 1248, label_length: 1827, ..ZebraConfig::default() };
    let back = ZebraPrinter::start(fine)?;
    line(&format!("  data folder {}", data.display()))?;
    line(&format!("  203 dpi printer at {}, 300 dpi printer at {}", front.uri(), back.uri()))?;

    heading("Drivers: WebAssembly components that reach nothing but what a setting names")?;
    for (name, bytes) in components {
        install(&client, name, bytes).await?;
    }

    heading("Machines")?;
    let size_300 = json!({ "CONNECTION": back.uri(), "DPMM": "12" });
    add(&client, "front desk", "zebra-zpl", json!({ "CONNECTION": front.uri() })).await?;
    add(&client, "warehouse", "zebra-zpl", size_300).await?;
    add(&client, "on screen", "virtual-printer", json!({})).await?;

    let mut tour = Tour { client: client.clone(), feed: Feed::open(&client, Some(0)).await?, names: HashMap::new() };
    heading("One label on each, with the status as it changes")?;
    let text = ["OSTLER", "HELLO, WORLD", "4 x 6 in, 203 dpi"];
    let picture = sample::draw(8, &text, "OSTLER-0001")?;
    let picture_300 = sample::draw(12, &text, "OSTLER-0001")?;
    tour.print("front desk", "hello.png", picture.to_png()?).await?;
    tour.print("warehouse", "hello-300.png", picture_300.to_png()?).await?;
    tour.print("on screen", "hello.png", picture.to_png()?).await?;

    heading("Out of labels in the middle of the day: the job waits, and goes on by itself")?;
    front.set_fault(Fault::MediaOut)?;
    line("  (the front desk's printer runs out of labels)")?;
    let second = sample::draw(8, &["OSTLER", "SECOND LABEL", "printed once"], "OSTLER-0002")?;
    let waiting = tour.submit("front desk", "second.png", second.to_png()?).await?;
    tour.follow_until(|event| is_status(event, 301)).await?;
    front.clear_fault(FaultKind::MediaOut)?;
    line("  (somebody loads a roll)")?;
    tour.finish(waiting).await?;

    heading("What came out")?;
    keep_dots(&front, 0, &picture, &output.join("front-desk-1.png"))?;
    keep_dots(&back, 0, &picture_300, &output.join("warehouse-1.png"))?;
    keep_dots(&front, 1, &second, &output.join("front-desk-2.png"))?;
    ensure!(front.label_count() == 2, "the front desk printed {} labels instead of 2", front.label_count());

    if arguments.keep {
        heading("Still running")?;
        let link: Link = client.post("/api/token/link/", &json!({})).await?;
        line(&format!("  the page, by a link that works once: {}", link.url))?;
        let data = data.display();
        line(&format!("  ostler --data {data} machine list"))?;
        line(&format!("  ostler --data {data} print 'front desk' {}", output.join("front-desk-1.png").display()))?;
        line(&format!("  ostler --data {data} events --after 0"))?;
        line("  Ctrl-C ends the daemon and its simulated printers.")?;
        tokio::signal::ctrl_c().await?;
    }
    daemon.stop().await
}

fn heading(text: &str) -> Result<()> {
    line(&format!("\n{text}"))
}

fn component(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| {
        format!(
            "reading {}: build the drivers with `./justw guests`, or name their folder with --drivers",
            file.display()
        )
    })
}

async fn install(client: &Client, name: &str, bytes: Vec<u8>) -> Result<()> {
    let began = Instant::now();
    let view: DriverView = client.upload("/api/driver/", ("application/wasm".into(), bytes.into())).await?;
    let path = format!("/api/driver/{}/enable/?digest={}", view.slug, view.installed.digest);
    let view: DriverView = client.post(&path, &json!({})).await?;
    line(&format!(
        "  {name}: {} {}, {} KiB, checked, compiled and enabled in {} ms",
        view.name,
        view.installed.info.version,
        view.installed.size / 1024,
        began.elapsed().as_millis()
    ))
}

async fn add(client: &Client, name: &str, driver: &str, settings: Value) -> Result<()> {
    let mut driver_settings = settings;
    if driver_settings.get("DPMM").and_then(Value::as_str) == Some("12")
        && let Some(settings) = driver_settings.as_object_mut()
    {
        // 1218 x 1827 dots: 4 x 6 inches at 12 dots per millimetre.
        settings.insert("LABEL_WIDTH".to_owned(), json!("101.5"));
        settings.insert("LABEL_LENGTH".to_owned(), json!("152.25"));
    }
    let body = json!({
        "name": name, "machine_type": "label-printer", "driver": driver, "settings": { "D": driver_settings },
    });
    let view: MachineView = client.post("/api/machine/", &body).await?;
    line(&format!("  {name}: {driver}, {}", view.pk))
}

/// Shows events while it prints.
struct Tour {
    client: Client,
    feed: Feed,
    names: HashMap<String, String>,
}

impl Tour {
    async fn submit(&self, machine: &str, title: &str, document: Vec<u8>) -> Result<JobRecord> {
        let machine = self.client.machine(machine).await?;
        let path = format!("/api/job/?machine={}&title={title}", machine.pk);
        self.client.upload(&path, ("image/png".into(), document.into())).await
    }

    async fn print(&mut self, machine: &str, title: &str, document: Vec<u8>) -> Result<()> {
        let submitted = self.submit(machine, title, document).await?;
        self.finish(submitted).await
    }

    /// Shows events until a job is done.
    async fn finish(&mut self, submitted: JobRecord) -> Result<()> {
        let id = submitted.id;
        let mut job: JobRecord = self.client.get(&format!("/api/job/{id}/")).await?;
        while !job.state.is_over() {
            self.follow_until(|event| event.job == Some(id) && event.kind == "job.state-changed").await?;
            job = self.client.get(&format!("/api/job/{id}/")).await?;
        }
        if job.state != JobState::Done {
            bail!("job {id} ended as {}: {:?}", job.state.name(), job.error.map(|error| error.message));
        }
        let proof = job.labels.proof.map_or("none", crate::model::Proof::name);
        line(&format!("  job {id} '{}' on {}: {} (proof: {proof})", job.title, job.machine_name, job.state.name()))
    }

    /// Shows status changes until an event.
    async fn follow_until(&mut self, found: impl Fn(&Event) -> bool) -> Result<()> {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.feed.next())
                .await
                .context("nothing happened for too long; the daemon's log may say why")??;
            if event.kind == "machine.status-changed" {
                let name = self.name_of(&event).await?;
                let text = event.data.get("status_text").and_then(Value::as_str).unwrap_or_default();
                let title = event.data.get("title").and_then(Value::as_str).unwrap_or_default();
                line(&format!("    {name}: {title} {text}"))?;
            }
            if found(&event) {
                return Ok(());
            }
        }
    }

    async fn name_of(&mut self, event: &Event) -> Result<String> {
        let Some(id) = event.machine.map(|id| id.to_string()) else { return Ok("?".to_owned()) };
        if let Some(name) = self.names.get(&id) {
            return Ok(name.clone());
        }
        let name = self.client.machine(&id).await?.name;
        self.names.insert(id, name.clone());
        Ok(name)
    }
}

fn is_status(event: &Event, code: u64) -> bool {
    event.kind == "machine.status-changed" && event.data.get("status").and_then(Value::as_u64) == Some(code)
}

/// Writes what a simulated printer put on paper, after comparing it with what was to be printed.
fn keep_dots(printer: &ZebraPrinter, index: usize, wanted: &sample::Picture, file: &Path) -> Result<()> {
    let labels = printer.labels();
    let label = labels.get(index).context("the printer has no such label")?;
    let (width, height) = (wanted.width(), wanted.height());
    let differing = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .filter(|(x, y)| label.bitmap.is_black(*x, *y) != wanted.is_black(*x, *y))
        .count();
    ensure!(differing == 0, "{differing} dots of {} differ from the picture", file.display());
    std::fs::write(file, label.to_png()?).with_context(|| format!("writing {}", file.display()))?;
    line(&format!("  {} ({width} x {height} dots, each as in the picture)", file.display()))
}
