//! Documents to dots, with a count of what was asked and how long the answers took.

use crate::{
    metrics::{RenderMeter, RenderRequest},
    model::Fields,
};
use ostler_render::{DocumentInfo, Output, Raster, RenderError, RenderPool, Rendered};
use std::{sync::Arc, time::Instant};

/// The pool of workers that render.
pub struct Renderer {
    pool: RenderPool,
    meter: Arc<RenderMeter>,
}

impl Renderer {
    /// A pool whose answers are counted.
    pub fn new(pool: RenderPool, meter: Arc<RenderMeter>) -> Self {
        Self { pool, meter }
    }

    /// The page of a document at an index: [`RenderPool::render_page`].
    pub async fn render_page(
        &self,
        document: &[u8],
        media_type: &str,
        page: u32,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        let answer = self.pool.render_page(document, media_type, page, raster, output);
        self.counted(RenderRequest::Render, answer).await
    }

    /// A label of a template: [`RenderPool::render_label`].
    pub async fn render_label(
        &self,
        template: &[u8],
        fields: &Fields,
        raster: Raster,
        output: Output,
    ) -> Result<Rendered, RenderError> {
        self.counted(RenderRequest::Render, self.pool.render_label(template, fields, raster, output)).await
    }

    /// Whether labels can be made of rows: [`RenderPool::check_rows`].
    pub async fn check_rows(&self, template: &[u8], rows: &[Fields], dpmm: u32) -> Result<(), RenderError> {
        self.counted(RenderRequest::Check, self.pool.check_rows(template, rows, dpmm)).await
    }

    /// What a document is: [`RenderPool::inspect`].
    pub async fn inspect(&self, document: &[u8], media_type: &str) -> Result<DocumentInfo, RenderError> {
        self.inspect_ahead(document, media_type, None).await
    }

    /// The same, and what will be wanted of it next: [`RenderPool::inspect_ahead`].
    pub async fn inspect_ahead(
        &self,
        document: &[u8],
        media_type: &str,
        wanted: Option<(Raster, Output)>,
    ) -> Result<DocumentInfo, RenderError> {
        self.counted(RenderRequest::Inspect, self.pool.inspect_ahead(document, media_type, wanted)).await
    }

    /// Ends the workers that wait: [`RenderPool::end_idle`].
    pub async fn end_idle(&self) {
        self.pool.end_idle().await;
    }

    async fn counted<T>(
        &self,
        request: RenderRequest,
        answer: impl Future<Output = Result<T, RenderError>>,
    ) -> Result<T, RenderError> {
        let began = Instant::now();
        let answer = answer.await;
        self.meter.answered(request, &answer, began.elapsed());
        answer
    }
}
