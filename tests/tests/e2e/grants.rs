//! What drivers may do beyond the settings of their machines: nothing before an operator approves it, and nothing after they take
//! that back.

use ostler_simulators::ZebraConfig;
use ostler_tests::{
    Daemon, Label,
    counterpart::{Counterpart, missing},
    namespace::Namespace,
    printer,
};
use serde_json::{Value, json};

/// As a printer on a direct cable gives itself one.
const LINK_LOCAL: &str = "169.254.7.7";

/// Decisions about grants in the audit, the latest first.
fn audit(daemon: &Daemon, action: &str) -> Vec<Value> {
    let all = daemon.get("/api/audit/");
    let all = all.get("results").unwrap_or(&all).as_array().unwrap().clone();
    all.into_iter().filter(|entry| entry["action"] == action).collect()
}

#[test]
fn a_printer_on_a_direct_cable_is_reached_when_the_operator_approves_it_and_only_then() {
    if missing("link-local", &[Counterpart::OwnNetwork]) {
        return;
    }
    Namespace::with_address(LINK_LOCAL).inside(|| {
        let zebra = printer::zebra_with(ZebraConfig { address: LINK_LOCAL.parse().unwrap(), ..ZebraConfig::default() });
        let daemon = Daemon::builder().ping_interval(50).start();
        daemon.install("ostler_driver_zebra");
        daemon.add("dock", "zebra-zpl", &[&format!("CONNECTION=tcp://{}", zebra.address())]);
        let refused = |machine: &Value| {
            let text = machine["status_text"].as_str().unwrap();
            text.contains("169.254.7.7, which is a link-local address")
                && text.contains("`ostler driver approve zebra-zpl link-local`")
        };
        daemon.until_machine("dock", "refused", refused);
        let asked = daemon.get("/api/driver/zebra-zpl/grants/");
        assert_eq!((&asked[0]["grant"], &asked[0]["approved"]), (&json!("link-local"), &Value::Null));
        assert!(daemon.cli(&["driver", "grants"]).ok().stdout.contains("on a direct cable"));
        daemon.until("the refusal in the audit", |daemon| {
            audit(daemon, "refused").iter().any(|entry| entry["after"]["code"] == "grant-needed")
        });

        let said = daemon.cli(&["driver", "approve", "zebra-zpl", "link-local"]).ok().stdout;
        assert!(said.contains("zebra-zpl may: connections to link-local addresses"), "{said}");
        daemon.print_done("dock", &Label::four_by_six("CABLE").png());
        assert_eq!(zebra.label_count(), 1);
        assert_eq!(audit(&daemon, "driver.approve")[0]["after"], json!({ "grant": "link-local" }));
        // Once more is no change.
        daemon.cli(&["driver", "approve", "zebra-zpl", "link-local"]).ok();
        assert_eq!(audit(&daemon, "driver.approve").len(), 1);

        // No approval opens the address from which clouds give out their secrets.
        daemon.cli(&["machine", "set", "dock", "CONNECTION=tcp://169.254.169.254:80"]).ok();
        daemon.until_machine("dock", "refused", |machine| {
            machine["status_text"].as_str().unwrap().contains("metadata addresses are refused")
        });

        daemon.cli(&["driver", "revoke", "zebra-zpl", "link-local"]).ok();
        daemon.cli(&["machine", "set", "dock", &format!("CONNECTION=tcp://{}", zebra.address())]).ok();
        daemon.until_machine("dock", "refused again", refused);
        daemon.cli(&["driver", "revoke", "zebra-zpl", "link-local"]).refused(3, &["is not approved"]);
    });
}

#[test]
fn what_a_driver_does_not_ask_for_or_nobody_knows_cannot_be_approved() {
    let daemon = Daemon::start();
    daemon.install("ostler_driver_zebra");
    daemon.install("ostler_driver_scripted");
    daemon
        .cli(&["driver", "approve", "scripted", "link-local"])
        .refused(3, &["does not ask for 'link-local'", "time-travel"]);
    daemon
        .cli(&["driver", "approve", "scripted", "time-travel"])
        .refused(1, &["knows no grant 'time-travel'", "link-local"]);
    daemon.cli(&["driver", "approve", "nobody", "link-local"]).refused(3, &["no driver 'nobody' is installed"]);
    let shown = daemon.cli(&["driver", "grants", "scripted"]).ok().stdout;
    assert!(shown.contains("this ostler does not know it") && shown.contains("how this ends"), "{shown}");
}

#[test]
fn an_approval_lasts_over_restarts_and_versions_and_goes_with_the_last_component() {
    let mut daemon = Daemon::start();
    let digest = daemon.install("ostler_driver_zebra")["digest"].as_str().unwrap().to_owned();
    daemon.cli(&["driver", "approve", "zebra-zpl", "link-local"]).ok();
    daemon.restart();
    let approved = |daemon: &Daemon| !daemon.get("/api/driver/zebra-zpl/grants/")[0]["approved"].is_null();
    assert!(approved(&daemon));
    daemon.cli(&["driver", "disable", "zebra-zpl"]).ok();
    assert!(approved(&daemon));
    daemon.cli(&["driver", "remove", "zebra-zpl", "--digest", &digest]).ok();
    daemon.install("ostler_driver_zebra");
    assert!(!approved(&daemon), "another author's driver of that name has nothing of it");
}
