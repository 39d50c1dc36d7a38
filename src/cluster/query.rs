//! AWS's Query protocol, a signed form that is answered by a page of XML: for services whose own SDK is a million lines
//! where one or two questions are asked.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::header::{CONTENT_TYPE, HeaderName};
use quick_xml::Reader;
use quick_xml::events::Event;
use url::Url;

use super::aws::{AwsFailure, FailureKind};
use super::patience::Patience;
use crate::support::causes::innermost;
use crate::support::environment::variable;
use crate::support::web::{Asking, Limits, Web};

const MOST_BYTES: usize = 8 * 1024 * 1024;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Who is asked.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// As it is signed for.
    pub(super) name: &'static str,
    /// The version of its interface, a date.
    pub(super) version: &'static str,
    /// The variable that names another endpoint for it alone.
    pub(super) endpoint_variable: &'static str,
    /// Where it is, unless the environment or the configuration says something else.
    pub(super) endpoint: String,
    /// The region that a request is signed for.
    pub(super) region: String,
}

impl Service {
    fn url(&self, aws: &SdkConfig) -> Result<Url, AwsFailure> {
        let named = variable(self.endpoint_variable);
        let url =
            named.or_else(|| aws.endpoint_url().map(str::to_owned)).unwrap_or_else(|| self.endpoint.clone());
        url.parse().map_err(|error| AwsFailure::failed(&format!("the endpoint {url} is no address: {error}")))
    }
}

/// Asks with the patience of the configuration, as the SDK does: what may pass by itself is asked for again.
pub(super) async fn ask(
    aws: &SdkConfig,
    service: &Service,
    action: &str,
    parameters: &[(String, String)],
) -> Result<Element, AwsFailure> {
    let endpoint = service.url(aws)?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", service.version)
        .extend_pairs(parameters)
        .finish();
    let limits = limits(aws);
    let attempts = aws.retry_config().map_or(1, aws_config::retry::RetryConfig::max_attempts);
    let asked = async {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            match send(aws, service, &endpoint, &form, limits).await {
                Err(failure) if failure.passes() && attempt < attempts => {
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    };
    tokio::time::timeout(limits.whole, asked).await.unwrap_or_else(|_| {
        let detail = format!("{endpoint} did not answer in {} s", limits.whole.as_secs());
        Err(AwsFailure { kind: FailureKind::Unreachable, detail })
    })
}

/// How long the configuration lets its clients wait.
fn limits(aws: &SdkConfig) -> Limits {
    let usual = Patience::Work.limits();
    let Some(told) = aws.timeout_config() else { return usual };
    Limits {
        connect: told.connect_timeout().unwrap_or(usual.connect),
        silence: told.operation_attempt_timeout().unwrap_or(usual.silence),
        whole: told.operation_timeout().unwrap_or(usual.whole),
    }
}

async fn send(
    aws: &SdkConfig,
    service: &Service,
    endpoint: &Url,
    form: &str,
    limits: Limits,
) -> Result<Element, AwsFailure> {
    let headers = signed(aws, service, endpoint, form).await?;
    let unreachable = |error: crate::support::web::WebError| AwsFailure {
        kind: FailureKind::Unreachable,
        detail: error.to_string(),
    };
    let asking = Asking { authorization: None, headers: &headers };
    let web = Web::with_limits(limits);
    let answer = web.change(http::Method::POST, endpoint, asking, form.as_bytes().to_vec()).await;
    let answer = answer.map_err(unreachable)?;
    let status = answer.status.as_u16();
    let text = answer.text(MOST_BYTES).await.map_err(unreachable)?;
    let parsed = parse(&text);
    if status < 400 {
        return parsed.ok_or_else(|| AwsFailure::failed("the answer is no XML"));
    }
    let error = parsed.as_ref().and_then(error_in);
    let code = error.map(|error| error.text_of("Code"));
    let message = error.map(|error| error.text_of("Message"));
    Err(AwsFailure::of_answer(Some(status), code, message))
}

/// `<ErrorResponse><Error>` of most services, `<Response><Errors><Error>` of EC2.
fn error_in(answer: &Element) -> Option<&Element> {
    answer.child("Errors").unwrap_or(answer).child("Error")
}

/// The headers of a signed request.
async fn signed(
    aws: &SdkConfig,
    service: &Service,
    endpoint: &Url,
    form: &str,
) -> Result<Vec<(HeaderName, String)>, AwsFailure> {
    let missing = |detail: String| AwsFailure { kind: FailureKind::NoCredentials, detail };
    let provider =
        aws.credentials_provider().ok_or_else(|| missing("no provider is configured".to_owned()))?;
    let credentials = provider.provide_credentials().await.map_err(|error| missing(innermost(&error)))?;
    let identity = credentials.into();
    let unsigned =
        |error: &dyn std::fmt::Display| AwsFailure::failed(&format!("it cannot be signed: {error}"));
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(&service.region)
        .name(service.name)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unsigned(&error))?
        .into();
    let plain = std::iter::once(("content-type", FORM));
    let request =
        SignableRequest::new("POST", endpoint.as_str(), plain, SignableBody::Bytes(form.as_bytes()))
            .map_err(|error| unsigned(&error))?;
    let (instructions, _) = sign(request, &parameters).map_err(|error| unsigned(&error))?.into_parts();
    let mut headers = vec![(CONTENT_TYPE, FORM.to_owned())];
    for (name, value) in instructions.headers() {
        let name = HeaderName::try_from(name).map_err(|error| unsigned(&error))?;
        headers.push((name, value.to_owned()));
    }
    Ok(headers)
}

/// An element of XML with what is in it.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    pub(super) text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub(super) fn text_of(&self, name: &str) -> String {
        self.child(name).map(|child| child.text.trim().to_owned()).unwrap_or_default()
    }
}

/// The root element of a document; none where it is none.
fn parse(text: &str) -> Option<Element> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                open.push(Element { name, ..Element::default() });
            }
            Event::Empty(empty) => {
                let name = String::from_utf8_lossy(empty.local_name().as_ref()).into_owned();
                open.last_mut()?.children.push(Element { name, ..Element::default() });
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.decode().ok()?),
            Event::GeneralRef(name) => {
                let character = match name.resolve_char_ref().ok()? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&name.decode().ok()?)?.to_owned(),
                };
                open.last_mut()?.text.push_str(&character);
            }
            Event::End(_) => {
                let ended = open.pop()?;
                open.last_mut()?.children.push(ended);
            }
            Event::Eof => {
                let document = open.pop()?;
                return if open.is_empty() { document.children.into_iter().next() } else { None };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_ec2_are_read_with_their_tags() {
        let answer = "<?xml version=\"1.0\"?><DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/\"><subnetSet><item>\
                      <subnetId>subnet-1</subnetId><empty/><tagSet><item><key>a&amp;b</key><value>1 &#62; 0</value></item>\
                      </tagSet></item></subnetSet></DescribeSubnetsResponse>";
        let answer = parse(answer).unwrap();
        let item = answer.child("subnetSet").unwrap().child("item").unwrap();
        assert_eq!(item.text_of("subnetId"), "subnet-1");
        let tag = item.child("tagSet").unwrap().child("item").unwrap();
        assert_eq!((tag.text_of("key"), tag.text_of("value")), ("a&b".to_owned(), "1 > 0".to_owned()));
        assert!(error_in(&answer).is_none());
        assert!(parse("<a><b></a>").is_none());
        assert!(parse("not found").is_none());
    }

    #[test]
    fn errors_are_found_where_either_kind_of_service_puts_them() {
        for answer in [
            "<Response><Errors><Error><Code>No</Code><Message>m</Message></Error></Errors></Response>",
            "<ErrorResponse><Error><Type>Sender</Type><Code>No</Code><Message>m</Message></Error></ErrorResponse>",
        ] {
            let answer = parse(answer).unwrap();
            assert_eq!(error_in(&answer).unwrap().text_of("Code"), "No");
        }
    }
}
