//! Functions on IP networks, both versions alike as numbers of 32 or 128 bits.

use std::net::{Ipv4Addr, Ipv6Addr};

use bigdecimal::ToPrimitive;

use super::super::scope::CallError;
use super::super::value::Value;
use super::arguments::{Arguments, string_list};
use super::{Called, Function, MANY};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("cidrhost", (2, 2), host),
    Function::new("cidrnetmask", (1, 1), |arguments| {
        let network = Network::of(arguments, 0)?;
        if network.bits != 32 {
            return Err(Arguments::wrong(0, "must be an IPv4 network; IPv6 networks have no netmask"));
        }
        Ok(Value::string(network.text(network.mask())))
    }),
    Function::new("cidrsubnet", (3, 3), |arguments| {
        let network = Network::of(arguments, 0)?;
        let length = network.longer(arguments, 1)?;
        let number = arguments.number(2)?;
        let number = number.as_big_int().and_then(|number| number.to_u128());
        let number =
            number.ok_or_else(|| Arguments::wrong(2, "must be a whole number that is not negative"))?;
        Ok(Value::string(network.subnet(length, number)?.to_string()))
    }),
    Function::new("cidrsubnets", (1, MANY), subnets),
];

/// A network, its address without host bits.
#[derive(Clone, Copy)]
struct Network {
    address: u128,
    length: u32,
    bits: u32,
}

impl Network {
    fn of(arguments: &Arguments<'_>, index: usize) -> Called<Self> {
        let text = arguments.string(index)?;
        Self::parse(&text)
            .ok_or_else(|| Arguments::wrong(index, format!("is no network such as 10.0.0.0/16: `{text}`")))
    }

    fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (address, bits) = if address.contains(':') {
            (u128::from(address.parse::<Ipv6Addr>().ok()?), 128)
        } else {
            (u128::from(u32::from(parse_v4(address)?)), 32)
        };
        let length = length.parse().ok().filter(|length| *length <= bits)?;
        let network = Self { address, length, bits };
        Some(Self { address: address & network.mask(), ..network })
    }

    fn mask(self) -> u128 {
        self.all() & !self.host_mask()
    }

    fn all(self) -> u128 {
        u128::MAX >> (128 - self.bits)
    }

    fn host_mask(self) -> u128 {
        let host_bits = self.bits - self.length;
        u128::MAX.checked_shr(128 - host_bits).unwrap_or_default()
    }

    fn text(self, address: u128) -> String {
        if self.bits == 32 {
            let address = u32::try_from(address).unwrap_or_default();
            return Ipv4Addr::from(address).to_string();
        }
        Ipv6Addr::from(address).to_string()
    }

    /// The length of the prefix that is as many bits longer as the argument says.
    fn longer(self, arguments: &Arguments<'_>, index: usize) -> Called<u32> {
        let new_bits = arguments.whole(index)?;
        let new_bits =
            u32::try_from(new_bits).map_err(|_| Arguments::wrong(index, "must not be negative"))?;
        let length = self.length.saturating_add(new_bits);
        if length > self.bits {
            let left = self.bits - self.length;
            return Err(Arguments::wrong(index, format!("is too much: {self} has only {left} bits left")));
        }
        Ok(length)
    }

    fn subnet(self, length: u32, number: u128) -> Called<Self> {
        let new_bits = length - self.length;
        let most = u128::MAX.checked_shr(128 - new_bits).unwrap_or_default();
        if number > most {
            let message =
                format!("{self} has no subnet {number} with {new_bits} more bits; the last one is {most}");
            return Err(CallError::new(message));
        }
        let address = self.address | number.checked_shl(self.bits - length).unwrap_or_default();
        Ok(Self { address, length, ..self })
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.text(self.address), self.length)
    }
}

/// Octets may have leading zeros, and are decimal all the same.
fn parse_v4(text: &str) -> Option<Ipv4Addr> {
    let octets = text.split('.').map(|octet| {
        let digits = !octet.is_empty() && octet.bytes().all(|byte| byte.is_ascii_digit());
        if digits { octet.parse::<u8>().ok() } else { None }
    });
    let octets: Vec<u8> = octets.collect::<Option<_>>()?;
    <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
}

/// Negative numbers count from the end.
fn host(arguments: &Arguments<'_>) -> Called {
    let network = Network::of(arguments, 0)?;
    let number = arguments.number(1)?;
    let whole = number.as_big_int().ok_or_else(|| Arguments::wrong(1, "must be a whole number"))?;
    let most = network.host_mask();
    let magnitude = whole.magnitude().to_u128();
    let offset = match (number.is_negative(), magnitude) {
        (false, Some(magnitude)) if magnitude <= most => Some(magnitude),
        (true, Some(magnitude)) if magnitude <= most.saturating_add(1) => Some(most - (magnitude - 1)),
        _ => None,
    };
    let offset = offset.ok_or_else(|| CallError::new(format!("{network} has no host {number}")))?;
    Ok(Value::string(network.text(network.address | offset)))
}

/// One after the other, each at the next place that its size allows.
fn subnets(arguments: &Arguments<'_>) -> Called {
    let network = Network::of(arguments, 0)?;
    let mut next = Some(network.address);
    let mut texts = Vec::new();
    for index in 1..arguments.count() {
        let length = network.longer(arguments, index)?;
        let subnet = Network { length, ..network };
        let full = || {
            Arguments::wrong(index, format!("is too little: {network} has no place left for such a subnet"))
        };
        let start = next.ok_or_else(full)?;
        // Up to the next address that such a subnet can begin at.
        let address = start.checked_add(subnet.host_mask()).ok_or_else(full)? & subnet.mask();
        let last = address | subnet.host_mask();
        if address < start || last > network.address | network.host_mask() {
            return Err(full());
        }
        next = last.checked_add(1);
        texts.push(Network { address, ..subnet }.to_string());
    }
    Ok(string_list(texts))
}
