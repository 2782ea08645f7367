//! Draws a template to a PNG or a PDF, and says how long a warm label takes:
//!
//! ```text
//! label TEMPLATE.typ TO.png [DPMM [FIELD=VALUE]...]
//! ```

use std::fmt::Write as _;
use std::time::Instant;

use ostler_render::{Output, PoolSize, Raster, RenderLimits, RenderPool, Rendered, WorkerCommand, template, worker};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<std::process::ExitCode, AnyError> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|argument| argument == "render-worker") {
        return Ok(worker::main());
    }
    let [_, file, to, rest @ ..] = arguments.as_slice() else {
        return Err("label TEMPLATE.typ TO.png [DPMM [FIELD=VALUE]...]".into());
    };
    let dpmm = rest.first().map_or(Ok(8), |dpmm| dpmm.parse())?;
    let values = rest.iter().skip(1).filter_map(|pair| pair.split_once('='));
    let source = std::fs::read_to_string(file)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(draw(&source, to, dpmm, values))?;
    Ok(std::process::ExitCode::SUCCESS)
}

async fn draw<'a>(
    source: &str,
    to: &str,
    dpmm: u32,
    values: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), AnyError> {
    let template = template::parse(source)?;
    let mut fields = template.sample_row();
    fields.extend(values.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let size = PoolSize { cache_bytes: 0, ..PoolSize::default() };
    let command = WorkerCommand { program: std::env::current_exe()?, args: vec!["render-worker".into()] };
    let pool = RenderPool::with_size(RenderLimits::default(), command, size);
    let dots = |um: u32| (um * dpmm + 500) / 1_000;
    let raster = Raster::new(dpmm, dots(template.width_um), dots(template.height_um));
    let output = if std::path::Path::new(to).extension().is_some_and(|extension| extension == "pdf") {
        Output::Pdf
    } else {
        Output::Png
    };
    match pool.render_label(source.as_bytes(), &fields, raster, output).await? {
        Rendered::Png(file) | Rendered::Pdf(file) => std::fs::write(to, file)?,
        Rendered::Bitmap(_) => return Err("a bitmap was not asked for".into()),
    }
    // Each label another one, as in a job.
    let varied = template.fields.iter().find(|field| matches!(field.kind, template::Kind::Text { .. }));
    let mut times = Vec::new();
    for number in 0..100 {
        if let Some(field) = varied.filter(|field| fields.get(&field.name).is_some_and(|text| text.len() > 3)) {
            let text = fields.entry(field.name.clone()).or_default();
            text.truncate(text.char_indices().rev().nth(1).map_or(0, |(at, _)| at));
            write!(text, "{number:02}")?;
        }
        let started = Instant::now();
        if let Err(error) = pool.render_label(source.as_bytes(), &fields, raster, Output::Bitmap).await {
            println!("{error}");
            break;
        }
        times.push(started.elapsed());
    }
    times.sort();
    if let (Some(fastest), Some(middle)) = (times.first(), times.get(times.len() / 2)) {
        println!("{} x {} dots: middle {middle:.2?}, fastest {fastest:.2?}", raster.width, raster.height);
    }
    Ok(())
}
