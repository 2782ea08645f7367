//! The stylesheet, the script and the icon: embedded, and named by their content, so that browsers keep them for ever.

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use sha2::{Digest as _, Sha256};
use std::{fmt::Write as _, sync::LazyLock};

const KEPT: &str = "public, max-age=31536000, immutable";

/// An asset with its path.
pub struct Asset {
    path: String,
    media_type: &'static str,
    content: &'static str,
}

/// How everything looks.
pub static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "css", "text/css; charset=utf-8", include_str!("../../assets/page.css")));
/// What keeps a page up to date.
pub static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("page", "js", "text/javascript; charset=utf-8", include_str!("../../assets/page.js")));
/// A horseshoe.
pub static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

impl Asset {
    fn new(name: &str, ending: &str, media_type: &'static str, content: &'static str) -> Self {
        let mut path = format!("/assets/{name}.");
        for byte in Sha256::digest(content).iter().take(8) {
            let _ = write!(path, "{byte:02x}");
        }
        let _ = write!(path, ".{ending}");
        Self { path, media_type, content }
    }

    /// Where it is served.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// The assets alone; nobody needs to be known to see them.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/assets/{name}", get(serve))
}

async fn serve(Path(name): Path<String>) -> Response {
    let wanted = format!("/assets/{name}");
    let Some(asset) = [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.path == wanted) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, KEPT),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    (headers, asset.content).into_response()
}
