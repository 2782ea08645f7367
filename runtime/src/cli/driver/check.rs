//! `ostler driver check` and `build`: would a daemon take this component, and what would it see? One that is started for it alone
//! answers, so it is the same check.

use super::{apart::Apart, lines, project::Project};
use crate::{
    api::plugins::PluginView,
    cli::{
        output::{Output, line},
        plugin,
        progress::Progress,
    },
    model::{DriverInfo, Grant, InstalledDriver},
    registry::{bundle::MANIFEST, view::DriverView},
};
use anyhow::{Result, anyhow, ensure};
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A component (`.wasm`), or a plugin: a folder with `ostler-plugin.toml`, or a .tar or .tar.zst of one.
    path: PathBuf,
    /// A plugin whose machine types are there, for a component that drives one of these; may be given several times.
    #[arg(long, value_name = "PLUGIN")]
    with: Vec<PathBuf>,
}

/// What to build.
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The folder of the driver's crate.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// A plugin whose machine types are there, for a driver of one of these; may be given several times.
    #[arg(long, value_name = "PLUGIN")]
    with: Vec<PathBuf>,
}

/// Checks a component, or all components of a plugin.
pub async fn run(out: Output, Arguments { path, with }: Arguments) -> Result<()> {
    let checking = Progress::begin(out, &format!("checking {}", path.display()));
    let apart = Apart::start(&with, &[]).await?;
    let is_plugin =
        path.is_dir() || path.to_string_lossy().ends_with(".tar") || path.to_string_lossy().ends_with(".zst");
    if is_plugin {
        ensure!(
            !path.is_dir() || path.join(MANIFEST).is_file(),
            "{} has no {MANIFEST}, so it is no plugin; `ostler driver build` builds the crate of a driver and checks it",
            path.display()
        );
        let view = apart.bring(&path).await?;
        let drivers: Vec<DriverView> = apart.client.get("/api/driver/").await?;
        drop(checking);
        apart.stop().await?;
        return tell_of_plugin(out, &path, &view, &drivers);
    }
    let view = apart.install(&path).await.map_err(|error| with_way_out(error, &with))?;
    drop(checking);
    apart.stop().await?;
    tell(out, &path, &view)
}

/// Builds the component of a crate, and checks it.
pub async fn build(out: Output, Build { path, with }: Build) -> Result<()> {
    let component = Project::open(&path)?.build().await?;
    run(out, Arguments { path: component, with }).await
}

fn tell(out: Output, file: &Path, view: &DriverView) -> Result<()> {
    if out.is_json() {
        let InstalledDriver { digest, info, contract, imports, size, .. } = &view.installed;
        let advice = advice(info);
        let found = json!({
            "file": file, "digest": digest, "size": size, "contract": contract, "imports": imports, "info": info,
            "advice": advice,
        });
        return out.say(&found, "");
    }
    tell_in_words(out, view)?;
    line(&format!("\n{} can be installed", file.display()))
}

/// What a daemon would see, without what only an installed driver has.
fn tell_in_words(out: Output, view: &DriverView) -> Result<()> {
    let mut lines = lines(view, None);
    lines.retain(|(name, _)| !matches!(*name, "enabled" | "instance" | "isolation" | "errors"));
    out.one(view, &lines)?;
    advice(&view.installed.info).iter().try_for_each(|advice| line(&format!("\nadvice: {advice}")))
}

fn tell_of_plugin(out: Output, path: &Path, view: &PluginView, drivers: &[DriverView]) -> Result<()> {
    if out.is_json() {
        let infos: Vec<_> = drivers.iter().map(|driver| &driver.installed.info).collect();
        out.say(&json!({ "file": path, "plugin": view, "drivers": infos }), "")?;
    } else {
        plugin::show(out, view)?;
        for driver in drivers {
            line("")?;
            tell_in_words(out, driver)?;
        }
    }
    let problems = plugin::problems(view);
    ensure!(problems == 0, "{problems} of its types and drivers cannot be registered");
    if out.is_json() { Ok(()) } else { line(&format!("\n{} can be installed", path.display())) }
}

/// A refusal, with what may be missing.
fn with_way_out(error: anyhow::Error, with: &[PathBuf]) -> anyhow::Error {
    let text = format!("{error:#}");
    if with.is_empty() && text.contains("no machine type") {
        return anyhow!("{text}\nIf a plugin brings the type of this driver, name that plugin: --with PLUGIN");
    }
    error
}

/// What nothing forbids, and users would miss.
fn advice(info: &DriverInfo) -> Vec<String> {
    let mut advice = Vec::new();
    if info.description.is_empty() {
        advice.push("describe what it drives: operators choose by that".to_owned());
    }
    let bare: Vec<_> =
        info.settings.iter().filter(|spec| spec.description.is_empty()).map(|spec| spec.key.as_str()).collect();
    if !bare.is_empty() {
        advice.push(format!("these settings have no description for the form: {}", bare.join(", ")));
    }
    for request in info.grants.iter().filter(|request| Grant::parse(&request.grant).is_none()) {
        let known: Vec<_> = Grant::ALL.iter().map(|grant| grant.name()).collect();
        advice.push(format!(
            "it asks for the grant '{}', which this ostler does not know; it knows {}",
            request.grant,
            known.join(", ")
        ));
    }
    advice
}
