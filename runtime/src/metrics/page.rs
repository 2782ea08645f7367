//! How families are written: a name, a help and a type, and then every series in one piece, as the format wants it.

use super::{Metrics, families, process, scene::Scene};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeMetric as _, NoLabelSet,
        text::{encode_eof, encode_registry},
    },
    metrics::{MetricType, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::{borrow::Cow, fmt, sync::Arc};

/// What the names of our own families begin with.
const PREFIX: &str = "ostler";

/// The labels of a series.
pub type Labels<'a> = Vec<(&'static str, Cow<'a, str>)>;

/// A family: its name without prefix and unit, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<&'static Unit>,
}

/// A family without a unit.
pub const fn family(name: &'static str, help: &'static str) -> Family {
    Family { name, help, unit: None }
}

impl Family {
    /// In seconds.
    pub const fn seconds(self) -> Self {
        Self { unit: Some(&Unit::Seconds), ..self }
    }

    /// In bytes.
    pub const fn bytes(self) -> Self {
        Self { unit: Some(&Unit::Bytes), ..self }
    }
}

/// Writes families, one after the other.
pub struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// Numbers that only grow.
    pub fn counters<'v, V: EncodeCounterValue>(
        &mut self,
        of: Family,
        series: impl Iterator<Item = (Labels<'v>, V)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(of.name, of.help, of.unit, MetricType::Counter)?;
        for (labels, value) in series {
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
        Ok(())
    }

    /// Numbers that come and go.
    pub fn gauges<'v, V: EncodeGaugeValue>(
        &mut self,
        of: Family,
        series: impl Iterator<Item = (Labels<'v>, V)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(of.name, of.help, of.unit, MetricType::Gauge)?;
        for (labels, value) in series {
            family.encode_family(&labels)?.encode_gauge(&value)?;
        }
        Ok(())
    }

    /// Distributions.
    pub fn histograms<'v>(
        &mut self,
        of: Family,
        series: impl Iterator<Item = (Labels<'v>, &'v Histogram)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(of.name, of.help, of.unit, MetricType::Histogram)?;
        for (labels, histogram) in series {
            histogram.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// Names of things, as labels.
    pub fn infos<'v>(&mut self, of: Family, series: impl Iterator<Item = Labels<'v>>) -> fmt::Result {
        let mut family = self.0.encode_descriptor(of.name, of.help, of.unit, MetricType::Info)?;
        for labels in series {
            family.encode_info(&labels)?;
        }
        Ok(())
    }
}

/// Writes everything.
pub fn write(metrics: Arc<Metrics>, scene: Scene) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let started = metrics.started;
    let mut ours = Registry::with_prefix(PREFIX);
    ours.register_collector(Box::new(Ours { metrics, scene }));
    encode_registry(&mut text, &ours)?;
    let mut process = Registry::default();
    process.register_collector(Box::new(process::Process::now(started)));
    encode_registry(&mut text, &process)?;
    encode_eof(&mut text)?;
    Ok(text)
}

#[derive(Debug)]
struct Ours {
    metrics: Arc<Metrics>,
    scene: Scene,
}

impl Collector for Ours {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        families::write(&mut Page(encoder), &self.metrics, &self.scene)
    }
}

impl Collector for process::Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.write(&mut Page(encoder))
    }
}
