//! Embeds every package of `../wit`, so that no machine type is named in the source of the runtime.
//!
//! Writes `wit.rs` with one entry a folder: its name, its `.wit` files and its `machine-type.toml`, if it has one.

use std::{env, fmt::Write as _, fs, io, path::Path};

fn main() -> io::Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../wit").canonicalize()?;
    println!("cargo::rerun-if-changed={}", root.display());
    let mut code = String::from("static EMBEDDED: &[EmbeddedPackage] = &[\n");
    for folder in sorted(&root)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let files = sorted(&folder)?;
        let wit = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "wit"));
        let wit: String = wit
            .map(|file| {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                format!("({name:?}, include_str!({:?}))", file.display().to_string())
            })
            .collect::<Vec<_>>()
            .join(", ");
        let manifest = files
            .iter()
            .find(|file| file.ends_with("machine-type.toml"))
            .map_or_else(|| "None".to_owned(), |file| format!("Some(include_str!({:?}))", file.display().to_string()));
        let _ = writeln!(code, "EmbeddedPackage {{ folder: {name:?}, wit: &[{wit}], manifest: {manifest} }},");
    }
    code.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("wit.rs"), code)
}

fn sorted(folder: &Path) -> io::Result<Vec<std::path::PathBuf>> {
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    Ok(entries)
}
