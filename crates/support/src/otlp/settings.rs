//! Where telemetry goes, by the variables of OpenTelemetry's own specification.

use std::time::Duration;

use url::Url;

use crate::address::percent_decode;

/// What a run is told as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Its spans.
    Traces,
    /// Its figures.
    Metrics,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
        }
    }
}

/// Where one signal is sent, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct Target {
    /// The address.
    pub url: Url,
    /// What goes along, such as a token.
    pub headers: Vec<(String, String)>,
    /// How long it may take in all.
    pub timeout: Duration,
}

/// The specification's own, for whoever says nothing.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Looks a variable up.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where a signal goes; none where nobody asked for it, and an error in a sentence where what was asked for cannot be done.
pub fn target(signal: Signal, variable: Lookup<'_>) -> Result<Option<Target>, String> {
    let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let own = |name: &str| {
        let of_signal = format!("OTEL_EXPORTER_OTLP_{}_{name}", signal.name());
        let of_all = format!("OTEL_EXPORTER_OTLP_{name}");
        set(&of_signal).map(|value| (of_signal, value)).or_else(|| set(&of_all).map(|value| (of_all, value)))
    };
    let is_off = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let exporter = set(&format!("OTEL_{}_EXPORTER", signal.name()));
    if is_off || exporter.is_some_and(|exporter| exporter != "otlp") {
        return Ok(None);
    }
    let Some((from, endpoint)) = own("ENDPOINT") else { return Ok(None) };
    if let Some((name, protocol)) = own("PROTOCOL").filter(|(_, protocol)| !protocol.starts_with("http/")) {
        return Err(format!(
            "{name} is {protocol}, and only http/json is spoken: name the collector's HTTP port, mostly 4318"
        ));
    }
    let wrong = |error: &dyn std::fmt::Display| format!("{from} is no address: {error}");
    let mut url = Url::parse(&endpoint).map_err(|error| wrong(&error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(&"it begins with neither http:// nor https://"));
    }
    if !from.contains(signal.name()) {
        let path = format!("{}/{}", url.path().trim_end_matches('/'), signal.path());
        url.set_path(&path);
    }
    let headers = own("HEADERS").map(|(_, headers)| pairs(&headers)).unwrap_or_default();
    let timeout = match own("TIMEOUT") {
        None => TIMEOUT,
        Some((name, text)) => {
            let milliseconds =
                text.trim().parse().map_err(|_| format!("{name} is no number of milliseconds: {text}"))?;
            Duration::from_millis(milliseconds)
        }
    };
    Ok(Some(Target { url, headers, timeout }))
}

/// What the run's telemetry is about: the service, and what `OTEL_RESOURCE_ATTRIBUTES` says besides.
pub fn resource(variable: Lookup<'_>) -> Vec<(String, String)> {
    let mut attributes = variable("OTEL_RESOURCE_ATTRIBUTES").map(|text| pairs(&text)).unwrap_or_default();
    let name = variable("OTEL_SERVICE_NAME").filter(|name| !name.is_empty());
    if name.is_some() || !attributes.iter().any(|(key, _)| key == "service.name") {
        attributes.retain(|(key, _)| key != "service.name");
        attributes.insert(0, ("service.name".to_owned(), name.unwrap_or_else(|| "slipway".to_owned())));
    }
    attributes.push(("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    attributes
}

/// `key=value,key=value`, each percent-encoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(key, value)| (key.trim().to_owned(), percent_decode(value.trim())));
    pairs.filter(|(key, _)| !key.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(set: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn at(signal: Signal, set: &[(&str, &str)]) -> Result<Option<Target>, String> {
        target(signal, &among(set))
    }

    fn address(signal: Signal, set: &[(&str, &str)]) -> Option<String> {
        at(signal, set).unwrap().map(|target| target.url.into())
    }

    #[test]
    fn nothing_is_sent_unless_somebody_says_where_and_nobody_says_no() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        assert_eq!(at(Signal::Traces, &[]), Ok(None));
        assert_eq!(at(Signal::Traces, &[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(None));
        for off in [
            ("OTEL_SDK_DISABLED", "TRUE"),
            ("OTEL_TRACES_EXPORTER", "none"),
            ("OTEL_TRACES_EXPORTER", "console"),
        ] {
            assert_eq!(at(Signal::Traces, &[endpoint, off]), Ok(None), "{off:?}");
        }
        let of_the_other = address(Signal::Metrics, &[endpoint, ("OTEL_TRACES_EXPORTER", "none")]);
        assert_eq!(of_the_other.as_deref(), Some("http://collector:4318/v1/metrics"));
    }

    #[test]
    fn an_address_of_all_gets_the_signals_path_and_one_of_a_signal_stays() {
        let all = |endpoint| address(Signal::Traces, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
        assert_eq!(all("http://collector:4318").as_deref(), Some("http://collector:4318/v1/traces"));
        assert_eq!(all("https://host/otlp/").as_deref(), Some("https://host/otlp/v1/traces"));
        let own = [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://one/as/it/is"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://two"),
        ];
        assert_eq!(address(Signal::Traces, &own).as_deref(), Some("http://one/as/it/is"));
        assert_eq!(address(Signal::Metrics, &own).as_deref(), Some("http://two/v1/metrics"));
    }

    #[test]
    fn headers_and_limits_are_taken_and_what_is_wrong_is_named() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
        let more = [
            endpoint,
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, tenant=one,=,odd"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
        ];
        let target = at(Signal::Traces, &more).unwrap().unwrap();
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(target.headers, [pair("api-key", "a b"), pair("tenant", "one")]);
        assert_eq!(target.timeout, Duration::from_millis(250));
        let wrong = |name, value| at(Signal::Traces, &[endpoint, (name, value)]).unwrap_err();
        assert!(wrong("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").contains("is grpc"));
        assert!(wrong("OTEL_EXPORTER_OTLP_TIMEOUT", "soon").contains("milliseconds"));
        assert!(
            wrong("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "collector:4318")
                .contains("TRACES_ENDPOINT is no address")
        );
        assert!(wrong("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "no address").contains("is no address"));
    }

    #[test]
    fn the_resource_is_the_service_and_what_else_is_said() {
        let of = |set: &'static [(&str, &str)]| resource(&among(set));
        let text = |pairs: Vec<(String, String)>| {
            pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
        };
        let version = concat!("service.version=", env!("CARGO_PKG_VERSION"));
        assert_eq!(text(of(&[])), format!("service.name=slipway {version}"));
        assert_eq!(
            text(of(&[("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,team=core")])),
            format!("service.name=x team=core {version}")
        );
        assert_eq!(
            text(of(&[("OTEL_SERVICE_NAME", "y"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=x")])),
            format!("service.name=y {version}")
        );
    }
}
