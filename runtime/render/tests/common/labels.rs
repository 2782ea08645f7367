//! Templates, and what is made of them.

use ostler_render::template::Fields;
use ostler_render::{Bitmap, Output, Raster, RenderError, RenderPool, Rendered};

/// A template of this size whose header has these lines of TOML more.
pub fn template(width_mm: f64, height_mm: f64, fields: &str, body: &str) -> String {
    format!(
        "/* ostler-template\nname = \"test\"\ntitle = \"Test\"\n\
         size = {{ width-mm = {width_mm}, height-mm = {height_mm} }}\n{fields}\n*/\n{body}\n"
    )
}

/// A field of texts that need not have a value.
pub const TEXT: &str = "[fields.text]\nkind = \"text\"";

pub fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub async fn try_label(
    pool: &RenderPool,
    template: &str,
    fields: &Fields,
    raster: Raster,
) -> Result<Bitmap, RenderError> {
    match pool.render_label(template.as_bytes(), fields, raster, Output::Bitmap).await? {
        Rendered::Bitmap(bitmap) => Ok(bitmap),
        Rendered::Png(_) | Rendered::Pdf(_) => panic!("a bitmap was asked for"),
    }
}

pub async fn label(pool: &RenderPool, template: &str, pairs: &[(&str, &str)], raster: Raster) -> Bitmap {
    try_label(pool, template, &fields(pairs), raster).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The error of a label of no values on 50 x 30 mm at 8 dots/mm.
pub async fn error(pool: &RenderPool, template: &str, pairs: &[(&str, &str)]) -> RenderError {
    try_label(pool, template, &fields(pairs), Raster::new(8, 400, 240)).await.unwrap_err()
}
