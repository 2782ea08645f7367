//! `ostler plugin`: machine types and drivers that come together.

use super::{
    client::{Client, encode},
    output::{Output, line},
    progress::Progress,
};
use crate::{api::plugins::PluginView, registry::bundle::MANIFEST};
use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// What to do with plugins.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the plugins.
    List,
    /// Show a plugin: its types and drivers, and what is wrong with them.
    Show {
        /// Its slug.
        slug: String,
    },
    /// Install a plugin, or another version of it.
    Install {
        /// A folder with `ostler-plugin.toml`, or a .tar or .tar.zst of one.
        path: PathBuf,
        /// Enable it at once.
        #[arg(long)]
        enable: bool,
    },
    /// Register a plugin's machine types and let its drivers run.
    Enable {
        /// Its slug.
        slug: String,
    },
    /// Stop a plugin's drivers; its machines wait until it is enabled again.
    Disable {
        /// Its slug.
        slug: String,
    },
    /// Remove a plugin with its drivers; its machines stay.
    Remove {
        /// Its slug.
        slug: String,
    },
}

/// Does it.
pub async fn run(client: &Client, out: Output, command: Command) -> Result<()> {
    let of = |slug: &str| format!("/api/plugin/{}/", encode(slug));
    match command {
        Command::List => {
            let plugins: Vec<PluginView> = client.get("/api/plugin/").await?;
            out.rows(&plugins, ["SLUG", "NAME", "VERSION", "ENABLED", "TYPES", "DRIVERS", "PROBLEMS"], |plugin| {
                let drivers: Vec<_> =
                    plugin.drivers.iter().filter_map(|driver| driver.slug.as_ref().map(ToString::to_string)).collect();
                [
                    plugin.slug.to_string(),
                    plugin.name.clone(),
                    plugin.version.clone(),
                    if plugin.enabled { "yes" } else { "no" }.to_owned(),
                    plugin.types.iter().map(|of| of.folder.as_str()).collect::<Vec<_>>().join(" "),
                    drivers.join(" "),
                    problems(plugin).to_string(),
                ]
            })
        }
        Command::Show { slug } => show(out, &client.get(&of(&slug)).await?),
        Command::Install { path, enable } => {
            let archive = archive(&path)?;
            let working = Progress::begin(
                out,
                &format!("installing {}: its components are checked and compiled", path.display()),
            );
            let view: PluginView = client.upload("/api/plugin/", ("application/x-tar".into(), archive.into())).await?;
            let enabled = view.enabled;
            let view = if enable && !enabled {
                client.post(&format!("{}enable/", of(view.slug.as_str())), &json!({})).await?
            } else {
                view
            };
            drop(working);
            show(out, &view)?;
            if !out.is_json() && !view.enabled {
                line(&format!("\nNothing of it runs yet: ostler plugin enable {}", view.slug))?;
            }
            Ok(())
        }
        Command::Enable { slug } => {
            let view: PluginView = client.post(&format!("{}enable/", of(&slug)), &json!({})).await?;
            out.say(&view, &format!("plugin {slug} is enabled"))
        }
        Command::Disable { slug } => {
            let view: PluginView = client.post(&format!("{}disable/", of(&slug)), &json!({})).await?;
            out.say(&view, &format!("plugin {slug} is disabled"))
        }
        Command::Remove { slug } => {
            client.delete(&of(&slug)).await?;
            out.say(&json!({ "removed": slug }), &format!("plugin {slug} is removed"))
        }
    }
}

/// The archive of a plugin that is one, or a folder.
pub fn archive(path: &Path) -> Result<Vec<u8>> {
    if path.is_dir() {
        return pack(path);
    }
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

/// A folder as a tar archive.
fn pack(folder: &Path) -> Result<Vec<u8>> {
    if !folder.join(MANIFEST).is_file() {
        bail!("{} has no {MANIFEST}, so it is not a plugin", folder.display());
    }
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_dir_all(".", folder).with_context(|| format!("reading {}", folder.display()))?;
    Ok(archive.into_inner()?)
}

/// How many of its types and drivers could not be registered.
pub fn problems(plugin: &PluginView) -> usize {
    let types = plugin.types.iter().filter(|of| of.problem.is_some()).count();
    types + plugin.drivers.iter().filter(|driver| driver.problem.is_some()).count()
}

/// Prints it.
pub fn show(out: Output, view: &PluginView) -> Result<()> {
    let drivers = view.drivers.iter().map(|driver| match (&driver.slug, &driver.problem) {
        (Some(slug), _) => format!("{slug} ({})", driver.file),
        (None, problem) => format!("{}: {}", driver.file, problem.as_deref().unwrap_or("not registered")),
    });
    let types = view.types.iter().map(|of| match &of.problem {
        Some(problem) => format!("{}: {problem}", of.folder),
        None => of.folder.clone(),
    });
    out.one(
        view,
        &[
            ("plugin", format!("{} ({}) {}", view.name, view.slug, view.version)),
            ("description", view.description.clone()),
            ("enabled", if view.enabled { "yes" } else { "no" }.to_owned()),
            ("types", types.collect::<Vec<_>>().join("\n")),
            ("drivers", drivers.collect::<Vec<_>>().join("\n")),
            ("installed", view.installed_at.to_string()),
        ],
    )
}
