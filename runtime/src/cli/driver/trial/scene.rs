//! What a driver is tried in: a daemon, a machine, and a simulated printer where its settings lead.

use crate::{
    cli::{client::Client, document::form, driver::apart::Apart, sample},
    model::{JobRecord, MachineState, SettingKind, SettingSpec},
    registry::view::{DriverView, MachineView, TypeView},
};
use anyhow::{Context as _, Result, anyhow, bail};
use ostler_simulators::{ZebraConfig, ZebraPrinter};
use serde::de::DeserializeOwned;
use serde_json::{Map, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// What the machine is called.
const NAME: &str = "trial";
/// The time between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(40);
/// The printer takes so much before it stands still, so that a label does not fit into what lies between.
const WINDOW: usize = 4096;

/// Which device a driver reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// No setting says where one is.
    None,
    /// The simulated printer.
    Simulated,
    /// What was given.
    Given,
}

/// All that scenarios play with.
pub struct Scene {
    apart: Apart,
    /// The driver as it was installed.
    pub driver: DriverView,
    /// The printer.
    pub printer: ZebraPrinter,
    /// Where the machine's settings lead.
    pub device: Device,
    traps: f64,
    /// Whether machines of the type print.
    pub prints: bool,
    machine: String,
    /// Whether the printer makes labels of what it gets.
    pub is_read: bool,
    /// How many bytes the first label took, as far as it is known.
    pub label_bytes: Option<u64>,
}

impl Scene {
    /// Installs and enables a component, and adds a machine.
    pub async fn set(apart: Apart, component: &Path, settings: &[(String, String)]) -> Result<Self> {
        let driver = apart.install(component).await?;
        let slug = driver.slug.clone();
        let driver = crate::cli::driver::switch_on(&apart.client, slug.as_str(), None).await?;
        let printer = ZebraPrinter::start(ZebraConfig { receive_window: Some(WINDOW), ..ZebraConfig::default() })?;
        let types: Vec<TypeView> = apart.client.get("/api/machine/types/").await?;
        let of_type = types.into_iter().find(|of| of.slug == driver.machine_type);
        let prints =
            of_type.is_some_and(|of| of.functions.iter().any(|function| function.signature.contains("print-job")));
        let mut scene = Self {
            apart,
            driver,
            printer,
            device: Device::None,
            traps: 0.0,
            prints,
            machine: String::new(),
            is_read: false,
            label_bytes: None,
        };
        let (of_type, of_driver) = scene.settings(settings)?;
        let body = json!({
            "name": NAME, "machine_type": scene.driver.machine_type, "driver": slug, "active": true,
            "settings": { "M": of_type, "D": of_driver },
        });
        let machine: MachineView = scene.client().post("/api/machine/", &body).await?;
        scene.machine = machine.pk.to_string();
        Ok(scene)
    }

    /// What was given, and where the device is.
    fn settings(
        &mut self,
        given: &[(String, String)],
    ) -> Result<(Map<String, serde_json::Value>, Map<String, serde_json::Value>)> {
        let (mut of_type, mut of_driver) = (Map::new(), Map::new());
        for (key, value) in given {
            match key.strip_prefix("M:") {
                Some(key) => of_type.insert(key.to_owned(), json!(value)),
                None => of_driver.insert(key.strip_prefix("D:").unwrap_or(key).to_owned(), json!(value)),
            };
        }
        let mut missing = Vec::new();
        for spec in &self.driver.installed.info.settings {
            let key = spec.key.to_string();
            if of_driver.contains_key(&key) {
                if spec.kind == SettingKind::DeviceUri {
                    self.device = Device::Given;
                }
                continue;
            }
            if leads_to_a_network(spec) {
                self.device = Device::Simulated;
                of_driver.insert(key, json!(self.printer.uri()));
            } else if spec.required && spec.default.is_none() {
                missing.push(key);
            }
        }
        if missing.is_empty() {
            return Ok((of_type, of_driver));
        }
        bail!(
            "the driver needs settings that have no default: give {}",
            missing.iter().map(|key| format!("--set {key}=...")).collect::<Vec<_>>().join(" ")
        )
    }

    /// Speaks with the daemon.
    pub fn client(&self) -> &Client {
        &self.apart.client
    }

    /// The machine as it is now.
    pub async fn machine(&self) -> Result<MachineView> {
        self.client().get(&format!("/api/machine/{}/", self.machine)).await
    }

    /// Does something with the machine, such as `restart/`.
    pub async fn of_machine<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        self.client().post(&format!("/api/machine/{}/{what}", self.machine), &json!({})).await
    }

    /// Switches it on or off.
    pub async fn switch(&self, active: bool) -> Result<MachineView> {
        self.client().patch(&format!("/api/machine/{}/", self.machine), &json!({ "active": active })).await
    }

    /// Hands a label of 4 x 6 inch in.
    pub async fn print(&self, text: &str) -> Result<JobRecord> {
        let picture = sample::draw(8, &["OSTLER", "DRIVER TEST", text], text)?.to_png()?;
        let path = format!("/api/job/?machine={}&title=test", self.machine);
        self.client().upload(&path, ("image/png".into(), picture.into())).await
    }

    /// Hands rows of a template in, a label each.
    pub async fn print_rows(&self, rows: &serde_json::Value) -> Result<JobRecord> {
        let texts = [("machine", self.machine.clone()), ("template", "part".to_owned()), ("fields", rows.to_string())];
        self.client().upload("/api/job/", form(&texts, &[])).await
    }

    /// The job as it is now.
    pub async fn job(&self, job: &JobRecord) -> Result<JobRecord> {
        self.client().get(&format!("/api/job/{}/", job.id)).await
    }

    /// Decides something about it.
    pub async fn decide(&self, job: &JobRecord, what: &str) -> Result<JobRecord> {
        self.client().post(&format!("/api/job/{}/{what}", job.id), &json!({})).await
    }

    /// The job, once it is as it should be.
    pub async fn until_job(
        &self,
        job: &JobRecord,
        limit: Duration,
        wanted: &str,
        condition: impl Fn(&JobRecord) -> bool,
    ) -> Result<JobRecord> {
        let look = async || {
            let now = self.job(job).await?;
            if !condition(&now)
                && let MachineState::Quarantined { reason } = self.machine().await?.state
            {
                bail!("the machine is quarantined: {reason}");
            }
            Ok(now)
        };
        until(limit, look, &condition).await?.map_err(|now| {
            let why = now.error.map(|error| format!(": {error}")).unwrap_or_default();
            anyhow!("{wanted} was expected within {limit:?}, and job {} is {}{why}", now.id, now.state.name())
        })
    }

    /// The machine, once it is as it should be.
    pub async fn until_machine(
        &self,
        limit: Duration,
        wanted: &str,
        condition: impl Fn(&MachineView) -> bool,
    ) -> Result<MachineView> {
        until(limit, async || self.machine().await, condition)
            .await?
            .map_err(|now| anyhow!("{wanted} was expected within {limit:?}, and the machine is {}", now.state))
    }

    /// How often a call of the driver ended its instance.
    pub async fn traps(&self) -> Result<f64> {
        let page = self.client().read("/metrics").await?;
        let text = String::from_utf8_lossy(&page);
        let of_driver = format!("driver=\"{}\"", self.driver.slug);
        let values = text.lines().filter(|line| line.starts_with("ostler_traps_total{") && line.contains(&of_driver));
        Ok(values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum())
    }

    /// Whether a call of the driver ended its instance since this was asked last.
    pub async fn has_crashed_again(&mut self) -> bool {
        let now = self.traps().await.unwrap_or(self.traps);
        std::mem::replace(&mut self.traps, now) < now
    }

    /// What driver and machine logged last, for the words of a failure.
    pub async fn last_words(&self, count: usize) -> String {
        let paths = [format!("/api/machine/{}/log/", self.machine), format!("/api/driver/{}/log/", self.driver.slug)];
        let mut lines = Vec::new();
        for path in paths {
            let all: Vec<serde_json::Value> = self.client().get(&path).await.unwrap_or_default();
            let text = |line: &serde_json::Value, key: &str| {
                line.get(key).and_then(|of| of.as_str()).unwrap_or_default().to_owned()
            };
            lines.extend(
                all.iter()
                    .map(|line| (text(line, "at"), format!("\n  {}: {}", text(line, "level"), text(line, "message")))),
            );
        }
        lines.sort();
        lines.into_iter().rev().take(count).map(|(_, line)| line).collect::<Vec<_>>().into_iter().rev().collect()
    }

    /// The printer is well again, nothing waits, and a machine that was taken out of service is back.
    pub async fn tidy(&self) {
        let _ = self.printer.clear_faults();
        if self.machine().await.is_ok_and(|machine| matches!(machine.state, MachineState::Quarantined { .. })) {
            let _: Result<MachineView> = self.of_machine("restart/").await;
        }
        let waiting: Vec<JobRecord> =
            self.client().get("/api/job/?state=queued,held,printing,waiting,unknown").await.unwrap_or_default();
        for job in &waiting {
            let _ = self.decide(job, "cancel/").await;
        }
        let over = async {
            for job in &waiting {
                let _ = self.until_job(job, Duration::from_secs(5), "the end of it", |job| job.state.is_over()).await;
            }
        };
        over.await;
    }

    /// Ends the daemon.
    pub async fn end(self) -> Result<()> {
        let log = self.apart.log();
        self.apart.stop().await.with_context(|| format!("the daemon's log:\n{log}"))
    }
}

/// Looks again and again; what was seen last is the error when the time is over.
async fn until<T>(
    limit: Duration,
    look: impl AsyncFn() -> Result<T>,
    condition: impl Fn(&T) -> bool,
) -> Result<Result<T, T>> {
    let began = Instant::now();
    loop {
        let now = look().await?;
        if condition(&now) {
            return Ok(Ok(now));
        }
        if began.elapsed() > limit {
            return Ok(Err(now));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Whether a setting says where the device is, and that may be a network's address.
fn leads_to_a_network(spec: &SettingSpec) -> bool {
    let schemes = spec.schemes();
    spec.kind == SettingKind::DeviceUri && (schemes.is_empty() || schemes.contains(&"tcp"))
}
