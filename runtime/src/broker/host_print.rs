//! The host functions of print jobs and labels.

use super::{
    BrokerView, HasBroker,
    machine::Asked,
    print::{LabelHandle, PrintJobHandle},
    services::Services,
};
use crate::{
    contract::{
        bindings::{jobs, types},
        convert,
    },
    jobs::ahead,
    model::DriverError,
};
use ostler_render::{ErrorClass, Output, RenderError, Rendered};
use std::sync::Arc;
use tracing::Instrument as _;
use wasmtime::component::{Accessor, Resource};

type Answer<T> = Result<T, types::Error>;

impl jobs::Host for BrokerView<'_> {}

impl jobs::HostPrintJob for BrokerView<'_> {
    fn id(&mut self, this: Resource<PrintJobHandle>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.run.job.id.0.unsigned_abs())
    }

    fn copies(&mut self, this: Resource<PrintJobHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.run.job.copies)
    }

    fn label_count(&mut self, this: Resource<PrintJobHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.run.job.label_count)
    }

    fn first_label(&mut self, this: Resource<PrintJobHandle>) -> wasmtime::Result<u32> {
        Ok(self.table.get(&this)?.run.job.labels.done)
    }

    fn get_option(&mut self, this: Resource<PrintJobHandle>, key: String) -> wasmtime::Result<Option<types::Value>> {
        Ok(self.table.get(&this)?.run.job.options.get(&key).cloned().map(convert::value_to_wit))
    }

    fn is_cancelled(&mut self, this: Resource<PrintJobHandle>) -> wasmtime::Result<bool> {
        Ok(self.table.get(&this)?.call.is_cancelled())
    }

    fn label(&mut self, this: Resource<PrintJobHandle>, index: u32) -> wasmtime::Result<Answer<Resource<LabelHandle>>> {
        let job = self.table.get(&this)?.clone();
        let count = job.run.job.label_count;
        if index >= count {
            let message = format!("there is no label {index}: the job has {count}, counted from 0");
            return Ok(Err(convert::error_to_wit(DriverError::invalid("no-such-label", message))));
        }
        Ok(Ok(self.table.push(LabelHandle { job, index })?))
    }

    fn drop(&mut self, this: Resource<PrintJobHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl<T: Send> jobs::HostPrintJobWithStore<T> for HasBroker {
    async fn label_started(
        accessor: &Accessor<T, Self>,
        this: Resource<PrintJobHandle>,
        index: u32,
    ) -> wasmtime::Result<Answer<()>> {
        let job = job_of(accessor, &this).await?;
        let result = match job.live() {
            Ok(run) => {
                let started = run.label_started(&job.call, index).instrument(job.call.span.clone()).await;
                started.inspect(|()| ahead::look_behind(run, index))
            }
            Err(error) => Err(error),
        };
        job.call.touch();
        Ok(result.map_err(convert::error_to_wit))
    }

    async fn label_done(
        accessor: &Accessor<T, Self>,
        this: Resource<PrintJobHandle>,
        index: u32,
        proof: jobs::Proof,
    ) -> wasmtime::Result<Answer<()>> {
        let job = job_of(accessor, &this).await?;
        // Knowledge is never refused: a job that was cancelled while its last label came out is told so.
        let result = if job.call.has_ended() {
            job.live().map(|_| ())
        } else {
            job.call.span.in_scope(|| job.run.label_done(&job.call, index, convert::proof_from_wit(proof)))
        };
        if result.is_ok()
            && job.run.has_unwritten()
            && let Some(services) = accessor.with(|mut access| access.get().driver.services.clone())
        {
            services.label_finished(Arc::clone(&job.call));
        }
        job.call.touch();
        Ok(result.map_err(convert::error_to_wit))
    }
}

async fn job_of<T: Send>(
    accessor: &Accessor<T, HasBroker>,
    handle: &Resource<PrintJobHandle>,
) -> wasmtime::Result<PrintJobHandle> {
    tokio::task::consume_budget().await;
    Ok(accessor.with(|mut access| access.get().table.get(handle).cloned())?)
}

impl jobs::HostLabel for BrokerView<'_> {
    fn fields(&mut self, this: Resource<LabelHandle>) -> wasmtime::Result<Vec<(String, String)>> {
        let label = self.table.get(&this)?;
        let fields = usize::try_from(label.index).ok().and_then(|index| label.job.run.fields.get(index));
        Ok(fields.map(|fields| fields.clone().into_iter().collect()).unwrap_or_default())
    }

    fn raw(&mut self, this: Resource<LabelHandle>, mime: String) -> wasmtime::Result<Option<Vec<u8>>> {
        let run = &self.table.get(&this)?.job.run;
        Ok((run.job.media_type == mime).then(|| run.document.to_vec()))
    }

    fn drop(&mut self, this: Resource<LabelHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl<T: Send> jobs::HostLabelWithStore<T> for HasBroker {
    async fn size(
        accessor: &Accessor<T, Self>,
        this: Resource<LabelHandle>,
    ) -> wasmtime::Result<Answer<Option<(u32, u32)>>> {
        let (label, services) = label_of(accessor, &this).await?;
        Ok(size(&label, services.as_deref()).await.map_err(convert::error_to_wit))
    }

    async fn bitmap(
        accessor: &Accessor<T, Self>,
        this: Resource<LabelHandle>,
        raster: jobs::Raster,
    ) -> wasmtime::Result<Answer<jobs::Bitmap>> {
        let (label, services) = label_of(accessor, &this).await?;
        let rendered = render(&label, services.as_ref(), raster, Output::Bitmap).await;
        Ok(match rendered {
            Ok(Rendered::Bitmap(bitmap)) => Ok(jobs::Bitmap {
                width: bitmap.width,
                height: bitmap.height,
                stride: bitmap.stride,
                data: bitmap.data,
            }),
            Ok(Rendered::Png(_) | Rendered::Pdf(_)) => Err(convert::error_to_wit(other_form())),
            Err(error) => Err(convert::error_to_wit(error)),
        })
    }

    async fn png(
        accessor: &Accessor<T, Self>,
        this: Resource<LabelHandle>,
        raster: jobs::Raster,
    ) -> wasmtime::Result<Answer<Vec<u8>>> {
        let (label, services) = label_of(accessor, &this).await?;
        let rendered = render(&label, services.as_ref(), raster, Output::Png).await;
        Ok(match rendered {
            Ok(Rendered::Png(file)) => Ok(file),
            Ok(Rendered::Bitmap(_) | Rendered::Pdf(_)) => Err(convert::error_to_wit(other_form())),
            Err(error) => Err(convert::error_to_wit(error)),
        })
    }
}

async fn label_of<T: Send>(
    accessor: &Accessor<T, HasBroker>,
    handle: &Resource<LabelHandle>,
) -> wasmtime::Result<(LabelHandle, Option<Arc<Services>>)> {
    tokio::task::consume_budget().await;
    accessor.with(|mut access| {
        let view = access.get();
        Ok((view.table.get(handle)?.clone(), view.driver.services.clone()))
    })
}

async fn size(label: &LabelHandle, services: Option<&Services>) -> Result<Option<(u32, u32)>, DriverError> {
    let run = label.job.live()?;
    let services = services.ok_or_else(no_labels)?;
    run.size_um(&services.render, label.index).await.map_err(render_error)
}

fn no_labels() -> DriverError {
    DriverError::denied("describe", "describe has no labels")
}

#[allow(clippy::needless_pass_by_value)] // for `map_err`
fn render_error(error: RenderError) -> DriverError {
    let (class, message) = (error.class(), error.to_string());
    match class {
        ErrorClass::Document if matches!(error, RenderError::Size { .. }) => {
            DriverError::invalid("document-size", message)
        }
        ErrorClass::Document => DriverError::invalid("bad-document", message),
        ErrorClass::Raster => DriverError::invalid("bad-raster", message),
        ErrorClass::Limit => DriverError::invalid("document-too-large", message),
        ErrorClass::Worker => DriverError::transient("render-failed", message),
    }
}

fn other_form() -> DriverError {
    DriverError::transient("render-failed", "the renderer answered in another form than it was asked for")
}

async fn render(
    label: &LabelHandle,
    services: Option<&Arc<Services>>,
    raster: jobs::Raster,
    output: Output,
) -> Result<Rendered, DriverError> {
    let run = label.job.live()?;
    let services = services.ok_or_else(no_labels)?;
    let raster = convert::raster_from_wit(raster);
    run.asked_for(label.index, &raster);
    if let Some(machine) = &label.job.call.machine {
        machine.remember_asked(Asked { raster, output, options: run.job.options.clone() });
    }
    let rendered = tokio::select! {
        biased;
        () = label.job.call.cancelled() => return Err(label.job.call.cancelled_error()),
        rendered = run.render(&services.render, label.index, raster, output) => rendered,
    };
    label.job.call.touch();
    let rendered = rendered.map_err(render_error)?;
    if let Some(machine) = &label.job.call.machine
        && !machine.is_stand_in()
    {
        ahead::render_next(services, run, label.index, raster, output);
    }
    Ok(rendered)
}
