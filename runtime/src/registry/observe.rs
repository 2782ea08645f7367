//! What there is to see at this moment: for metrics, and for those who ask whether the daemon is ready.

use super::Registry;
use crate::metrics::scene::{InstanceSeen, MachineSeen, Scene, StoreSeen};
use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

/// How long the store may take to say that it can write.
const STORE_PATIENCE: Duration = Duration::from_secs(2);

impl Registry {
    /// What metrics show beside what is counted. Figures that cannot be had now are left out.
    pub async fn scene(&self) -> Scene {
        let machines = self.machines().into_iter().map(|entry| MachineSeen {
            id: entry.machine.id,
            name: entry.machine.name(),
            machine_type: entry.machine.machine_type.slug.clone(),
            driver: entry.machine.driver.clone(),
            state: entry.state.borrow().0.name(),
            status: entry.machine.board.status_code(),
            connections: entry.machine.connections.load(Ordering::Relaxed),
        });
        let drivers = self.slots.lock().values().filter_map(|slot| slot.borrow().driver.clone()).collect::<Vec<_>>();
        let instances = drivers.iter().flat_map(|driver| {
            driver.running().into_iter().map(|(machine, instance)| InstanceSeen {
                driver: driver.installed.info.slug.clone(),
                machine,
                usage: instance.usage(),
                memory_limit: instance.memory_limit(),
            })
        });
        let store = &self.services.store;
        let queue = store.queue_depths().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the queues could not be counted");
            HashMap::new()
        });
        Scene {
            machines: machines.collect(),
            instances: instances.collect(),
            queue,
            store: StoreSeen {
                trouble: store.trouble().is_some(),
                waiting: store.waiting_writes(),
                last_event: store.last_event_id().await.ok(),
            },
        }
    }

    /// Everything that is counted and seen, as text for Prometheus.
    pub async fn metrics_page(&self) -> Result<String, String> {
        let scene = self.scene().await;
        let metrics = Arc::clone(&self.services.metrics);
        let written = tokio::task::spawn_blocking(move || metrics.page(scene)).await;
        written.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }

    /// Why the daemon should not be given work now; nothing while it should.
    pub async fn unready(&self) -> Option<String> {
        if self.stopping.load(Ordering::Acquire) {
            return Some("the daemon is stopping".to_owned());
        }
        let store = &self.services.store;
        match tokio::time::timeout(STORE_PATIENCE, store.check_writes()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            // What it said last is why, if it said something.
            Err(_) => Some(store.trouble().map_or_else(
                || {
                    format!(
                        "the store has not answered for {STORE_PATIENCE:?}: the data folder's disk is slow, or hangs"
                    )
                },
                |trouble| trouble.error.to_string(),
            )),
        }
    }
}
