//! The host functions of a machine and of its connections.

use super::{
    BrokerView, HasBroker,
    call::Call,
    connection::ConnectionHandle,
    machine::{Machine, MachineHandle},
    services::Services,
    settings::Settings,
};
use crate::{
    contract::{
        bindings::{host, types},
        convert,
    },
    instance::life::Blamed,
    model::{DriverError, ErrorKind, Scope, SettingKind, Value},
};
use std::{sync::Arc, time::Duration};
use tracing::Instrument as _;
use wasmtime::component::{Accessor, Resource};

type Answer<T> = Result<T, types::Error>;

impl types::Host for BrokerView<'_> {}

impl BrokerView<'_> {
    pub(super) fn machine(&self, handle: &Resource<MachineHandle>) -> wasmtime::Result<&MachineHandle> {
        Ok(self.table.get(handle)?)
    }
}

/// Copies a handle out of the store, so that nothing borrows the store over an await. Each async host function begins
/// here: the budget makes a guest that calls in a tight loop let its neighbours run.
pub(super) async fn machine_of<T: Send>(
    accessor: &Accessor<T, HasBroker>,
    handle: &Resource<MachineHandle>,
) -> wasmtime::Result<(MachineHandle, Option<Arc<Services>>)> {
    tokio::task::consume_budget().await;
    accessor.with(|mut access| {
        let view = access.get();
        Ok((view.table.get(handle)?.clone(), view.driver.services.clone()))
    })
}

/// Writes a refusal down on its way to the guest.
pub(super) fn answer<T>(
    services: Option<&Arc<Services>>,
    machine: &Machine,
    result: Result<T, DriverError>,
) -> Answer<T> {
    result.map_err(|error| {
        if let Some(services) = services {
            services.refused(machine, &error);
        }
        convert::error_to_wit(error)
    })
}

fn no_services() -> DriverError {
    DriverError::denied("describe", "nothing but describe runs before the driver is enabled")
}

impl host::HostMachine for BrokerView<'_> {
    fn name(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<String> {
        Ok(self.machine(&this)?.machine.name())
    }

    fn is_active(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<bool> {
        let machine = &self.machine(&this)?.machine;
        Ok(machine.is_active() && !machine.is_removed())
    }

    fn type_slug(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<String> {
        Ok(self.machine(&this)?.machine.machine_type.slug.to_string())
    }

    fn type_name(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<String> {
        Ok(self.machine(&this)?.machine.machine_type.name.clone())
    }

    fn driver_slug(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<String> {
        Ok(self.machine(&this)?.machine.driver.to_string())
    }

    fn get_setting(
        &mut self,
        this: Resource<MachineHandle>,
        scope: types::Scope,
        key: String,
    ) -> wasmtime::Result<Answer<Option<types::Value>>> {
        let handle = self.machine(&this)?;
        let scope = convert::scope_from_wit(scope);
        let read = |machine: &Machine, settings: &Settings| {
            let (spec, value) = settings.find(scope, &key)?;
            match (spec.kind, value, &self.driver.services) {
                (SettingKind::Secret, Some(Value::Text(sealed)), Some(services)) => services
                    .store
                    .secrets()
                    .open_sealed(machine.id, scope, &spec.key, sealed)
                    .map(|secret| Some(Value::Text(secret)))
                    .map_err(|error| DriverError::new(ErrorKind::Permanent, "secret-unreadable", error.to_string())),
                (_, value, _) => Ok(value.cloned()),
            }
        };
        let value = handle.live().and_then(|machine| handle.with_settings(|settings| read(machine, settings)));
        Ok(value.map(|value| value.map(convert::value_to_wit)).map_err(convert::error_to_wit))
    }

    fn check_settings(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<Vec<types::MissingSetting>> {
        let missing = self.machine(&this)?.with_settings(Settings::missing);
        let to_wit = |(scope, key): (Scope, crate::model::SettingKey)| types::MissingSetting {
            scope: convert::scope_to_wit(scope),
            key: key.into(),
        };
        Ok(missing.into_iter().map(to_wit).collect())
    }

    fn set_status_text(&mut self, this: Resource<MachineHandle>, text: String) -> wasmtime::Result<()> {
        let handle = self.machine(&this)?;
        if handle.machine.board.set_text(&text) {
            moved(handle);
        }
        Ok(())
    }

    fn set_properties(
        &mut self,
        this: Resource<MachineHandle>,
        properties: Vec<types::Property>,
    ) -> wasmtime::Result<()> {
        let handle = self.machine(&this)?;
        if handle.machine.board.set_properties(properties.into_iter().map(convert::property_from_wit).collect()) {
            moved(handle);
        }
        Ok(())
    }

    fn require_restart(&mut self, this: Resource<MachineHandle>, reason: String) -> wasmtime::Result<()> {
        let handle = self.machine(&this)?;
        handle.machine.board.require_restart(&reason);
        moved(handle);
        Ok(())
    }

    fn report_error(&mut self, this: Resource<MachineHandle>, error: types::Error) -> wasmtime::Result<()> {
        let handle = self.machine(&this)?;
        handle.in_span(|machine| machine.report(convert::error_from_wit(error)));
        Ok(())
    }

    fn clear_errors(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<()> {
        let handle = self.machine(&this)?;
        if handle.machine.board.clear_errors() {
            moved(handle);
        }
        Ok(())
    }

    fn log(
        &mut self,
        this: Resource<MachineHandle>,
        level: host::LogLevel,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let handle = self.machine(&this)?;
        handle.in_span(|machine| machine.write_log(convert::level_name(level), &message, fields));
        Ok(())
    }

    fn drop(&mut self, this: Resource<MachineHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

/// A status or text moved: it is written behind, and keeps a print call alive.
pub(super) fn moved(handle: &MachineHandle) {
    handle.machine.changed();
    if let Some(call) = &handle.call {
        call.touch();
    }
}

impl<T: Send> host::HostMachineWithStore<T> for HasBroker {
    async fn set_setting(
        accessor: &Accessor<T, Self>,
        this: Resource<MachineHandle>,
        scope: types::Scope,
        key: String,
        value: types::Value,
    ) -> wasmtime::Result<Answer<()>> {
        let (handle, services) = machine_of(accessor, &this).await?;
        let scope = convert::scope_from_wit(scope);
        let span = handle.span();
        let result = async {
            let result = set_setting(&handle, services.as_ref(), scope, &key, &convert::value_from_wit(value)).await;
            answer(services.as_ref(), &handle.machine, result)
        };
        Ok(result.instrument(span).await)
    }

    async fn connect(
        accessor: &Accessor<T, Self>,
        this: Resource<MachineHandle>,
        scope: types::Scope,
        key: String,
    ) -> wasmtime::Result<Answer<Resource<ConnectionHandle>>> {
        let (handle, services) = machine_of(accessor, &this).await?;
        let driver = accessor.with(|mut access| Arc::clone(access.get().driver));
        let limits = services.as_ref().map(|services| services.limits()).unwrap_or_default();
        let opened = async {
            let scope = convert::scope_from_wit(scope);
            let opened = ConnectionHandle::open(&handle, scope, &key, &driver.grants, &limits).await;
            answer(services.as_ref(), &handle.machine, opened)
        };
        match opened.instrument(handle.span()).await {
            Ok(connection) => {
                // After an await the guest's stack is empty, so the error itself says whose it is.
                let call = handle.call.as_ref().map_or(0, |call| call.id);
                let pushed = accessor.with(|mut access| access.get().table.push(connection));
                Ok(Ok(pushed.map_err(|source| Blamed { call, source })?))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    async fn store_get(
        accessor: &Accessor<T, Self>,
        this: Resource<MachineHandle>,
        key: String,
    ) -> wasmtime::Result<Answer<Option<Vec<u8>>>> {
        let (handle, services) = machine_of(accessor, &this).await?;
        let result = async {
            let store = &services.as_ref().ok_or_else(no_services)?.store;
            let machine = handle.live()?;
            store.kv_get(machine.id, &key).await.map_err(|error| not_stored(&error))
        };
        Ok(result.await.map_err(convert::error_to_wit))
    }

    async fn store_set(
        accessor: &Accessor<T, Self>,
        this: Resource<MachineHandle>,
        key: String,
        value: Option<Vec<u8>>,
    ) -> wasmtime::Result<Answer<()>> {
        let (handle, services) = machine_of(accessor, &this).await?;
        let result = async {
            let store = &services.as_ref().ok_or_else(no_services)?.store;
            let machine = handle.live()?;
            if machine.is_stand_in() {
                return Ok(());
            }
            store.kv_set(machine.id, &key, value).await.map_err(|error| not_stored(&error))
        };
        Ok(result.await.map_err(convert::error_to_wit))
    }

    async fn sleep(
        accessor: &Accessor<T, Self>,
        this: Resource<MachineHandle>,
        ms: u32,
    ) -> wasmtime::Result<Answer<()>> {
        let (handle, _) = machine_of(accessor, &this).await?;
        let pause = tokio::time::sleep(Duration::from_millis(ms.into()));
        let call: Option<Arc<Call>> = handle.call.clone().filter(|call| !call.has_ended());
        let Some(call) = call else {
            pause.await;
            return Ok(Ok(()));
        };
        tokio::select! {
            biased;
            () = call.cancelled() => Ok(Err(convert::error_to_wit(call.cancelled_error()))),
            () = pause => Ok(Ok(())),
        }
    }
}

fn not_stored(error: &crate::store::StoreError) -> DriverError {
    DriverError::new(ErrorKind::Transient, "not-stored", error.to_string())
}

async fn set_setting(
    handle: &MachineHandle,
    services: Option<&Arc<Services>>,
    scope: Scope,
    key: &str,
    value: &Value,
) -> Result<(), DriverError> {
    let services = services.ok_or_else(no_services)?;
    let machine = handle.live()?;
    let (key, parsed) = machine.with_settings(|settings| {
        let spec = settings.spec(scope, key)?;
        if spec.kind.is_operators_alone() {
            let message = format!("the setting '{}' is the operator's alone: a driver cannot write it", spec.key);
            return Err(DriverError::denied("operators-setting", message));
        }
        let json = serde_json::to_value(value).unwrap_or_default();
        let parsed = spec.parse(&json).map_err(|why| {
            DriverError::invalid("bad-value", format!("the setting '{}' does not take this value: {why}", spec.key))
        })?;
        Ok((spec.key.clone(), parsed))
    })?;
    let change = vec![(scope, key, parsed)];
    if !machine.is_stand_in() {
        let author = format!("driver {}", machine.driver);
        services.store.write_settings(machine.id, plain(&change), &author).await.map_err(|error| not_stored(&error))?;
    }
    machine.change_settings(|settings| settings.apply(&change));
    Ok(())
}

/// Values that are neither secret nor masked, as the store takes them.
fn plain(changes: &[(Scope, crate::model::SettingKey, Option<Value>)]) -> Vec<crate::store::SettingWrite> {
    changes
        .iter()
        .map(|(scope, key, value)| crate::store::SettingWrite {
            scope: *scope,
            key: key.clone(),
            value: value.clone(),
            masked: false,
        })
        .collect()
}

impl host::HostConnection for BrokerView<'_> {
    fn peer(&mut self, this: Resource<ConnectionHandle>) -> wasmtime::Result<String> {
        Ok(self.table.get(&this)?.peer().to_owned())
    }

    fn drop(&mut self, this: Resource<ConnectionHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

async fn connection_of<T: Send>(
    accessor: &Accessor<T, HasBroker>,
    handle: &Resource<ConnectionHandle>,
) -> wasmtime::Result<ConnectionHandle> {
    tokio::task::consume_budget().await;
    Ok(accessor.with(|mut access| access.get().table.get(handle).cloned())?)
}

/// The services of the driver that asks.
fn services_of<T: Send>(accessor: &Accessor<T, HasBroker>) -> Option<Arc<Services>> {
    accessor.with(|mut access| access.get().driver.services.clone())
}

impl<T: Send> host::HostConnectionWithStore<T> for HasBroker {
    async fn read(
        accessor: &Accessor<T, Self>,
        this: Resource<ConnectionHandle>,
        max: u32,
        timeout_ms: u32,
    ) -> wasmtime::Result<Answer<Vec<u8>>> {
        let connection = connection_of(accessor, &this).await?;
        let (services, span) = (services_of(accessor), connection.span());
        let result = async {
            answer(
                services.as_ref(),
                connection.machine(),
                connection.read(max, Duration::from_millis(timeout_ms.into())).await,
            )
        };
        Ok(result.instrument(span).await)
    }

    async fn write(
        accessor: &Accessor<T, Self>,
        this: Resource<ConnectionHandle>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Answer<()>> {
        let connection = connection_of(accessor, &this).await?;
        let (services, span) = (services_of(accessor), connection.span());
        let result = async { answer(services.as_ref(), connection.machine(), connection.write(&bytes).await) };
        Ok(result.instrument(span).await)
    }

    async fn close_write(
        accessor: &Accessor<T, Self>,
        this: Resource<ConnectionHandle>,
    ) -> wasmtime::Result<Answer<()>> {
        let connection = connection_of(accessor, &this).await?;
        let (services, span) = (services_of(accessor), connection.span());
        let result = async { answer(services.as_ref(), connection.machine(), connection.close_write().await) };
        Ok(result.instrument(span).await)
    }
}
