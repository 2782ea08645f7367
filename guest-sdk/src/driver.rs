//! What every driver implements, whatever it drives.

use crate::{
    Candidate, Choice, DriverInfo, Error, FieldError, Machine, MachineState, Result, Scope, SettingValue, Value,
};

/// A driver: one value for all its machines.
///
/// Its calls for different machines run side by side on one thread, so state is shared by `Cell` and `RefCell`; a
/// `RefCell` must not stay borrowed over an `await`. What is to be kept for one machine is found again by
/// [`Machine::name`], or lies in [`Machine::store_set`]. All but two methods have defaults.
#[allow(async_fn_in_trait)]
pub trait Driver: Sized + 'static {
    /// Says what the driver is. Runs alone, once, at install: without machines, within a second.
    ///
    /// An empty `machine_type` is filled in by the export macro.
    fn describe() -> DriverInfo;

    /// Runs once for each start of the driver's instance, before any machine is there.
    async fn init_driver() -> Result<Self>;

    /// Makes a machine ready. An error leaves it `failed` and is tried again with back-off; so a device that is
    /// merely switched off should not be one.
    async fn init_machine(&self, machine: &Machine) -> Result<()> {
        let _ = machine;
        Ok(())
    }

    /// Runs after an operator changed the machine or its settings; `old` is how it was before.
    async fn update_machine(&self, machine: &Machine, old: &MachineState) -> Result<()> {
        let _ = (machine, old);
        Ok(())
    }

    /// Runs when an operator asks for a restart; errors, status and text have already been reset.
    async fn restart_machine(&self, machine: &Machine) -> Result<()> {
        let _ = machine;
        Ok(())
    }

    /// Runs before a machine is deactivated, removed, upgraded or shut down, with a deadline.
    async fn stop_machine(&self, machine: &Machine) -> Result<()> {
        let _ = machine;
        Ok(())
    }

    /// Looks how the device is. Runs at an interval that the host chooses, never while another call uses the device.
    async fn ping_machine(&self, machine: &Machine) -> Result<()> {
        let _ = machine;
        Ok(())
    }

    /// Checks settings together before they are saved. `machine` answers with the proposed values, also in `connect`.
    async fn validate_settings(&self, machine: &Machine, proposed: &[SettingValue]) -> Result<(), Vec<FieldError>> {
        let _ = (machine, proposed);
        Ok(())
    }

    /// The allowed values of a `choice` that declares none. Without a machine before one is created.
    async fn setting_choices(&self, machine: Option<&Machine>, scope: Scope, key: &str) -> Result<Vec<Choice>> {
        let _ = (machine, scope);
        Err(Error::unsupported(format!("this driver offers no choices for {key}")))
    }

    /// Runs one of the declared actions; returns a text for the operator.
    async fn run_action(&self, machine: &Machine, action: &str, inputs: &[(String, Value)]) -> Result<String> {
        let _ = (machine, inputs);
        Err(Error::unsupported(format!("this driver has no action `{action}`")))
    }

    /// Looks for devices. Called only when the operator granted discovery.
    async fn discover(&self) -> Result<Vec<Candidate>> {
        Err(Error::unsupported("this driver does not look for devices"))
    }
}

/// The lifecycle export of a driver: what the export macros of all machine types have in common.
///
/// It leaves `__Glue`, `__driver` and `__driver_or_trap` behind for the rest of the macro. `$sdk` is the path of this
/// crate.
#[doc(hidden)]
#[macro_export]
macro_rules! __lifecycle {
    ($driver:ident, $slug:expr, $($sdk:tt)*) => {
        use $($sdk)*::__private::core::exports::ostler::machine::lifecycle as __lifecycle;
        use $($sdk)*::__private::core::ostler::machine::types as __types;

        ::std::thread_local! {
            static __SLOT: $($sdk)*::__private::Slot<$driver> = const { $($sdk)*::__private::Slot::new() };
        }

        fn __driver() -> $($sdk)*::Result<::std::rc::Rc<$driver>> {
            __SLOT.with($($sdk)*::__private::Slot::get)
        }

        #[allow(dead_code, clippy::expect_used)]
        fn __driver_or_trap() -> ::std::rc::Rc<$driver> {
            __driver().expect("the host runs init-driver first")
        }

        struct __Glue;

        impl __lifecycle::Guest for __Glue {
            fn describe() -> __types::DriverInfo {
                let mut info = <$driver as $($sdk)*::Driver>::describe();
                if info.machine_type.is_empty() {
                    info.machine_type = ::std::string::String::from($slug);
                }
                info
            }

            async fn init_driver() -> ::core::result::Result<(), __types::Error> {
                let driver = <$driver as $($sdk)*::Driver>::init_driver().await?;
                __SLOT.with(|slot| slot.set(driver));
                ::core::result::Result::Ok(())
            }

            async fn init_machine(machine: __lifecycle::Machine) -> ::core::result::Result<(), __types::Error> {
                let machine = $($sdk)*::Machine::from(machine);
                ::core::result::Result::Ok($($sdk)*::Driver::init_machine(&*__driver()?, &machine).await?)
            }

            async fn update_machine(
                machine: __lifecycle::Machine,
                old: __types::MachineState,
            ) -> ::core::result::Result<(), __types::Error> {
                let machine = $($sdk)*::Machine::from(machine);
                ::core::result::Result::Ok($($sdk)*::Driver::update_machine(&*__driver()?, &machine, &old).await?)
            }

            async fn restart_machine(machine: __lifecycle::Machine) -> ::core::result::Result<(), __types::Error> {
                let machine = $($sdk)*::Machine::from(machine);
                ::core::result::Result::Ok($($sdk)*::Driver::restart_machine(&*__driver()?, &machine).await?)
            }

            async fn stop_machine(machine: __lifecycle::Machine) -> ::core::result::Result<(), __types::Error> {
                let machine = $($sdk)*::Machine::from(machine);
                ::core::result::Result::Ok($($sdk)*::Driver::stop_machine(&*__driver()?, &machine).await?)
            }

            async fn ping_machine(machine: __lifecycle::Machine) -> ::core::result::Result<(), __types::Error> {
                let machine = $($sdk)*::Machine::from(machine);
                ::core::result::Result::Ok($($sdk)*::Driver::ping_machine(&*__driver()?, &machine).await?)
            }

            async fn validate_settings(
                machine: __lifecycle::Machine,
                proposed: ::std::vec::Vec<__types::SettingValue>,
            ) -> ::core::result::Result<(), ::std::vec::Vec<__types::FieldError>> {
                let machine = $($sdk)*::Machine::from(machine);
                match __driver() {
                    ::core::result::Result::Ok(driver) => {
                        $($sdk)*::Driver::validate_settings(&*driver, &machine, &proposed).await
                    }
                    // No driver, no objection: the host cannot have asked.
                    ::core::result::Result::Err(_) => ::core::result::Result::Ok(()),
                }
            }

            async fn setting_choices(
                machine: ::core::option::Option<__lifecycle::Machine>,
                scope: __types::Scope,
                key: ::std::string::String,
            ) -> ::core::result::Result<::std::vec::Vec<__types::Choice>, __types::Error> {
                let machine = machine.map($($sdk)*::Machine::from);
                let driver = __driver()?;
                let choices = $($sdk)*::Driver::setting_choices(&*driver, machine.as_ref(), scope, &key);
                ::core::result::Result::Ok(choices.await?)
            }

            async fn run_action(
                machine: __lifecycle::Machine,
                action: ::std::string::String,
                inputs: ::std::vec::Vec<(::std::string::String, __types::Value)>,
            ) -> ::core::result::Result<::std::string::String, __types::Error> {
                let machine = $($sdk)*::Machine::from(machine);
                let driver = __driver()?;
                ::core::result::Result::Ok($($sdk)*::Driver::run_action(&*driver, &machine, &action, &inputs).await?)
            }

            async fn discover() -> ::core::result::Result<::std::vec::Vec<__types::Candidate>, __types::Error> {
                ::core::result::Result::Ok($($sdk)*::Driver::discover(&*__driver()?).await?)
            }
        }
    };
}
