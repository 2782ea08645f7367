//! Documents to pictures of black and white dots, always in a child process.
//!
//! A document is untrusted input: nothing here decodes one in the process that asks. [`RenderPool`] sends it to a
//! worker, which has limits on its memory, processor time and files, and which is killed at its deadline.
//!
//! # Layout
//!
//! In the parent:
//!
//! * [`pool`]: the door. Which worker takes a request, when one is replaced, what a deadline does.
//! * `cache`: answers by content.
//! * `process`: one worker as its parent sees it: starting, one exchange, why it died.
//!
//! On both sides:
//!
//! * [`raster`]: what a driver asks for; [`bitmap`]: what it gets.
//! * [`limits`]: how much a document may cost; [`error`]: everything that can go wrong, and whose fault it is.
//! * [`protocol`]: the frames between the two.
//!
//! * [`template`]: the header of a template, and the check of rows against it.
//!
//! In the worker, in the order in which a document passes:
//!
//! * [`worker`]: the loop; `confine`: the limits that the process sets on itself.
//! * `document`: one file for each kind of document, which makes a `picture` of it with the help of `lightness` and, where
//!   it is drawn from outlines, of `hairline`; words in it are set in `fonts`.
//! * `typeset`: a template with a row to a picture, by Typst; `code`: bars and squares of codes.
//! * `render`: a picture to a bitmap, through `place` (where and how large), `scale` and `halftone`.
//!
//! # Example
//!
//! ```no_run
//! # async fn print(png: &[u8]) -> Result<(), ostler_render::RenderError> {
//! use ostler_render::{Output, Raster, RenderLimits, RenderPool, Rendered, WorkerCommand};
//!
//! let command = WorkerCommand { program: "/usr/bin/ostler".into(), args: vec!["render-worker".into()] };
//! let pool = RenderPool::new(RenderLimits::default(), command);
//! let label = Raster::new(8, 812, 1218);
//! if let Rendered::Bitmap(bitmap) = pool.render(png, "image/png", label, Output::Bitmap).await? {
//!     assert_eq!(bitmap.stride, 102);
//! }
//! # Ok(())
//! # }
//! ```

pub mod bitmap;
mod cache;
mod code;
mod confine;
mod document;
pub mod error;
mod fonts;
mod hairline;
mod halftone;
mod lightness;
pub mod limits;
mod picture;
mod place;
pub mod pool;
mod process;
pub mod protocol;
pub mod raster;
mod render;
mod scale;
pub mod template;
mod typeset;
pub mod worker;

pub use bitmap::Bitmap;
pub use document::{DocumentInfo, MEDIA_TYPES, Page, first_bytes, is_rendered};
pub use error::{ErrorClass, RenderError};
pub use limits::RenderLimits;
pub use pool::{PoolSize, RenderPool, Rendered};
pub use process::WorkerCommand;
pub use protocol::Output;
pub use raster::{Halftone, Raster, Rotation, Scaling};
