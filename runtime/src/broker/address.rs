//! Where does a device URI lead, and is that a place that a driver may be led to?
//!
//! The operator's setting is the permission; these rules are what even an operator's typing error must not open: names
//! are resolved by the host, and every resolved address is checked before it is used. One of the rules a grant can lift.

use super::{grants::Grants, serial::SerialLine};
use crate::model::{DriverError, ErrorKind, Grant};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};
use url::{Host, Url};

/// The port of raw printing (`AppSocket`, `JetDirect`), used when a `tcp://` URI names none.
const RAW_PRINTING_PORT: u16 = 9100;

/// A device URI that this runtime can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceUri {
    /// `tcp://host:port`.
    Tcp {
        /// A name or an address.
        host: String,
        /// 9100 unless given.
        port: u16,
    },
    /// `usb:///dev/usb/lp0`: a character device node.
    Usb {
        /// Below `/dev`.
        path: PathBuf,
    },
    /// `serial:///dev/ttyUSB0?baud=9600`: a serial line.
    Serial {
        /// Below `/dev`.
        path: PathBuf,
        /// How its bits are sent.
        line: SerialLine,
    },
}

impl DeviceUri {
    /// Parses what the operator typed.
    pub fn parse(text: &str) -> Result<Self, DriverError> {
        let bad = |why: &str| {
            let message = format!(
                "'{text}' is not a device URI: {why}. Write tcp://10.0.0.7:9100, usb:///dev/usb/lp0 or \
                 serial:///dev/ttyUSB0?baud=9600"
            );
            DriverError::invalid("bad-device-uri", message)
        };
        let uri = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        match uri.scheme() {
            "tcp" => {
                // The URL standard leaves hosts of schemes that it does not know unparsed.
                let host = uri.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("the host is missing"))?;
                let host = host.trim_start_matches('[').trim_end_matches(']');
                if !matches!(uri.path(), "" | "/") || uri.query().is_some() || !uri.username().is_empty() {
                    return Err(bad("only a host and a port are expected after tcp://"));
                }
                Ok(Self::Tcp { host: host.to_owned(), port: uri.port().unwrap_or(RAW_PRINTING_PORT) })
            }
            "usb" if uri.query().is_some() => Err(bad("nothing is expected behind the device node")),
            "usb" => Ok(Self::Usb { path: node(&uri).map_err(bad)? }),
            "serial" => {
                let line = SerialLine::parse(uri.query_pairs()).map_err(|why| bad(&why))?;
                Ok(Self::Serial { path: node(&uri).map_err(bad)?, line })
            }
            other => Err(bad(&format!("the scheme '{other}' is not served here"))),
        }
    }
}

/// The device node that a URI names.
fn node(uri: &Url) -> Result<PathBuf, &'static str> {
    if uri.host().is_some_and(|host| host != Host::Domain("")) {
        return Err("three slashes are expected, as in usb:///dev/...");
    }
    let path = Path::new(uri.path());
    let plain = path.components().all(|part| !matches!(part, std::path::Component::ParentDir));
    if path.starts_with("/dev") && plain { Ok(path.to_owned()) } else { Err("the device node must lie below /dev") }
}

/// Why an address is refused, or nothing. IPv4 addresses inside IPv6 ones are judged as what they are.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => refusal_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped().or_else(|| nat64(v6)) {
            Some(v4) => refusal_v4(v4),
            None => refusal_v6(v6),
        },
    }
}

/// Cloud metadata services: of the large clouds, of containers at one of them, and two that are not link-local.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// The rule that the grant [`Grant::LinkLocal`] lifts.
const LINK_LOCAL: &str = "link-local";

fn refusal_v4(address: Ipv4Addr) -> Option<&'static str> {
    if METADATA_V4.contains(&address) {
        Some("metadata")
    } else if address.is_link_local() {
        Some(LINK_LOCAL)
    } else if address.is_multicast() {
        Some("multicast")
    } else if address.is_broadcast() {
        Some("broadcast")
    } else if address.octets().first() == Some(&0) {
        Some("unspecified")
    } else {
        None
    }
}

fn refusal_v6(address: Ipv6Addr) -> Option<&'static str> {
    if METADATA_V6.contains(&address) {
        Some("metadata")
    } else if address.is_unicast_link_local() {
        Some(LINK_LOCAL)
    } else if address.is_multicast() {
        Some("multicast")
    } else if address.is_unspecified() {
        Some("unspecified")
    } else {
        None
    }
}

/// The IPv4 address in `64:ff9b::/96` (RFC 6052).
fn nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => None,
    }
}

/// Resolves a name and keeps what a driver with these grants may use. An error names the rule when every address is refused.
pub async fn resolve(host: &str, port: u16, grants: &Grants) -> Result<Vec<SocketAddr>, DriverError> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| {
            DriverError::new(
                ErrorKind::Transient,
                "name-not-found",
                format!("the name '{host}' could not be resolved ({error}): check the setting and the name server"),
            )
        })?
        .collect();
    let mut refused = None;
    let mut usable = Vec::new();
    for address in found {
        match allowed(host, address.ip(), grants) {
            Ok(()) => usable.push(address),
            Err(why) => refused = Some(why),
        }
    }
    match (usable.is_empty(), refused) {
        (false, _) => Ok(usable),
        (true, Some(why)) => Err(why),
        (true, None) => Err(DriverError::transient("name-not-found", format!("the name '{host}' has no address"))),
    }
}

/// Whether a driver with these grants may be led to an address.
fn allowed(host: &str, address: IpAddr, grants: &Grants) -> Result<(), DriverError> {
    match refusal(address) {
        None => Ok(()),
        Some(LINK_LOCAL) => {
            grants.check(Grant::LinkLocal, &format!("'{host}' leads to {address}, which is a link-local address"))
        }
        Some(rule) => Err(DriverError::denied(
            "address-refused",
            format!("'{host}' leads to {address}, and {rule} addresses are refused: set the device's own address"),
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::broker::serial::{Flow, Parity};

    #[test]
    fn device_uris_parse_with_the_port_of_raw_printing() {
        let tcp = |host: &str, port| Ok(DeviceUri::Tcp { host: host.to_owned(), port });
        assert_eq!(DeviceUri::parse("tcp://10.0.0.7"), tcp("10.0.0.7", 9100));
        assert_eq!(DeviceUri::parse("tcp://printer.example:6101/"), tcp("printer.example", 6101));
        assert_eq!(DeviceUri::parse("tcp://[::1]:9100"), tcp("::1", 9100));
        assert_eq!(DeviceUri::parse("usb:///dev/usb/lp0"), Ok(DeviceUri::Usb { path: "/dev/usb/lp0".into() }));
    }

    #[test]
    fn a_serial_line_is_set_up_as_its_uri_says_or_the_parameter_is_named() {
        let line = |text: &str| match DeviceUri::parse(text) {
            Ok(DeviceUri::Serial { line, .. }) => Ok(line),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.message),
        };
        assert_eq!(line("serial:///dev/ttyS0"), Ok(SerialLine::default()));
        let uri = "serial:///dev/ttyUSB0?baud=115200&bits=7&parity=even&stop=2&flow=rtscts";
        let expected = SerialLine { baud: 115_200, bits: 7, parity: Parity::Even, stop: 2, flow: Flow::RtsCts };
        assert_eq!(line(uri), Ok(expected));
        for (query, words) in [
            ("baud=fast", "baud may be a number from 50"),
            ("bits=9", "bits may be 7 or 8"),
            ("parity=mark", "parity may be none, even or odd"),
            ("speed=9600", "'speed' is no parameter of a serial line"),
        ] {
            let error = line(&format!("serial:///dev/ttyS0?{query}")).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn device_uris_that_lead_elsewhere_are_refused() {
        for text in [
            "tcp://",
            "tcp://h/path",
            "usb:///etc/passwd",
            "usb:///dev/../etc/passwd",
            "serial:///etc/passwd",
            "serial://x/dev/ttyS0",
            "http://x",
            "printer",
        ] {
            assert!(DeviceUri::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dangerous_addresses_are_named_by_their_rule() {
        let rule = |text: &str| refusal(text.parse().unwrap());
        assert_eq!(rule("169.254.7.7"), Some("link-local"));
        assert_eq!(rule("::ffff:169.254.1.1"), Some("link-local"));
        for metadata in ["169.254.169.254", "::ffff:169.254.170.2", "64:ff9b::a9fe:a9fe", "fe80::a9fe:a9fe"] {
            assert_eq!(rule(metadata), Some("metadata"), "{metadata}");
        }
        assert_eq!(rule("fe80::1"), Some("link-local"));
        assert_eq!(rule("fd00:ec2::254"), Some("metadata"));
        assert_eq!(rule("100.100.100.200"), Some("metadata"));
        assert_eq!(rule("224.0.0.251"), Some("multicast"));
        assert_eq!(rule("ff02::fb"), Some("multicast"));
        assert_eq!(rule("255.255.255.255"), Some("broadcast"));
        assert_eq!(rule("0.0.0.0"), Some("unspecified"));
        assert_eq!(rule("::"), Some("unspecified"));
        for fine in ["127.0.0.1", "10.0.0.7", "192.168.1.9", "::1", "2001:db8::1"] {
            assert_eq!(rule(fine), None, "{fine}");
        }
    }

    #[test]
    fn a_grant_opens_link_local_addresses_and_no_other_that_is_refused() {
        let asks = || [Grant::LinkLocal].into();
        let grants = |approved: &[Grant]| Grants::new("zebra-zpl", asks(), &approved.iter().copied().collect());
        let go = |address: &str, grants: &Grants| {
            allowed("printer", address.parse().unwrap(), grants).map_err(|error| (error.code, error.message))
        };
        let (code, message) = go("169.254.7.7", &grants(&[])).unwrap_err();
        assert_eq!(code, "grant-needed");
        assert!(message.contains("`ostler driver approve zebra-zpl link-local`"), "{message}");
        let (_, message) = go("169.254.7.7", &Grants::new("other", [].into(), &asks())).unwrap_err();
        assert!(message.contains("for which this driver does not ask"), "{message}");
        let approved = grants(&[Grant::LinkLocal]);
        assert_eq!(go("169.254.7.7", &approved), Ok(()));
        assert_eq!(go("fe80::7", &approved), Ok(()));
        for refused in ["169.254.169.254", "224.0.0.251", "0.0.0.0"] {
            assert_eq!(go(refused, &approved).unwrap_err().0, "address-refused", "{refused}");
        }
    }
}
