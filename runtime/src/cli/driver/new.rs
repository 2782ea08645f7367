//! `ostler driver new`: a crate to begin a driver with.

use crate::{cli::output::Output, model::Slug};
use anyhow::{Context as _, Result, bail, ensure};
use heck::{ToTitleCase as _, ToUpperCamelCase as _};
use serde_json::json;
use std::path::{Path, PathBuf};

/// The SDK in the source from which this program was built.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-sdk");
/// The only type whose drivers the SDK itself is for.
const TYPE: &str = "label-printer";

/// What a new crate has, by path; `@...@` is filled in.
const FILES: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("../../../scaffold/label-printer/manifest.toml")),
    ("src/lib.rs", include_str!("../../../scaffold/label-printer/driver.rs")),
    ("README.md", include_str!("../../../scaffold/label-printer/readme.md")),
    (".gitignore", include_str!("../../../scaffold/label-printer/gitignore")),
];

/// What to begin with.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The driver's slug, such as `acme-3000`: lower case letters, digits and dashes.
    slug: Slug,
    /// The type of the machines that it is to drive. Other types than this one bring an SDK of their own.
    #[arg(long = "type", value_name = "TYPE", default_value = TYPE)]
    machine_type: String,
    /// The new folder; one with the name of the slug unless given.
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Where the SDK's crate `ostler-sdk` lies; beside the source of this program unless given.
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

/// Makes it.
pub fn run(out: Output, arguments: Arguments) -> Result<()> {
    let Arguments { slug, machine_type, to, sdk } = arguments;
    ensure!(
        machine_type == TYPE,
        "a driver for '{machine_type}' begins with the SDK that its type brings: docs/machine-types.md goes through it. This \
         command begins drivers for '{TYPE}'"
    );
    ensure!(!slug.as_str().starts_with("ostler-sdk"), "'{slug}' is the name of the SDK itself: take another one");
    let folder = to.unwrap_or_else(|| PathBuf::from(slug.as_str()));
    if folder.exists() {
        bail!("{} is there already: name a new folder with --to", folder.display());
    }
    let sdk = sdk.unwrap_or_else(|| PathBuf::from(SDK));
    let sdk =
        sdk.canonicalize().ok().filter(|sdk| sdk.join("Cargo.toml").is_file()).with_context(|| {
            format!("there is no crate `ostler-sdk` in {}: say where it is with --sdk", sdk.display())
        })?;
    write(&folder, &slug, &sdk)?;
    let shown = folder.display();
    let sentence = format!(
        "'{shown}' is a driver that prints. Next, in that folder: `ostler driver test`; its README.md tells more"
    );
    out.say(&json!({ "folder": folder, "slug": slug, "sdk": sdk }), &sentence)
}

fn write(folder: &Path, slug: &Slug, sdk: &Path) -> Result<()> {
    let dependency =
        toml::Table::from_iter([("path".to_owned(), toml::Value::from(sdk.to_string_lossy().into_owned()))]);
    let dependency = format!("ostler-sdk = {}", toml::Value::Table(dependency));
    let filled = [
        ("@name@", slug.to_string()),
        ("@title@", slug.as_str().to_title_case()),
        // The end keeps it apart from what the crate imports.
        ("@Type@", format!("{}Driver", slug.as_str().to_upper_camel_case())),
        ("@sdk@", dependency),
    ];
    for (path, text) in FILES {
        let text = filled.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value));
        let file = folder.join(path);
        let within = file.parent().unwrap_or(folder);
        std::fs::create_dir_all(within).with_context(|| format!("making {}", within.display()))?;
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}
