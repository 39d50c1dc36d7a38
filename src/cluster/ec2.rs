//! The two questions that EC2 is asked: subnets and a security group.
//!
//! EC2's own SDK is some million lines for these; its Query protocol is a signed form and a page of XML.

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
use crate::support::web::{Asking, Web};

const VERSION: &str = "2016-11-15";
const MOST_BYTES: usize = 8 * 1024 * 1024;
const PATIENCE: Patience = Patience::Work;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    pub(super) id: String,
    pub(super) zone: String,
    /// How many addresses are free.
    pub(super) free: u32,
    pub(super) tags: Vec<(String, String)>,
}

/// A security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SecurityGroup {
    /// Whether a rule lets all traffic in that comes from the group itself.
    pub(super) lets_itself_in: bool,
}

/// The subnets that a filter finds.
pub(super) async fn subnets(
    aws: &SdkConfig,
    filter: &str,
    values: &[String],
) -> Result<Vec<Subnet>, AwsFailure> {
    let mut parameters = vec![("Filter.1.Name".to_owned(), filter.to_owned())];
    let values = values.iter().enumerate();
    parameters
        .extend(values.map(|(number, value)| (format!("Filter.1.Value.{}", number + 1), value.clone())));
    let answer = ask(aws, "DescribeSubnets", &parameters).await?;
    let items = answer.child("subnetSet").into_iter().flat_map(|set| set.all("item"));
    Ok(items
        .map(|item| Subnet {
            id: item.text_of("subnetId"),
            zone: item.text_of("availabilityZone"),
            free: item.text_of("availableIpAddressCount").parse().unwrap_or_default(),
            tags: item
                .child("tagSet")
                .into_iter()
                .flat_map(|set| set.all("item"))
                .map(|tag| (tag.text_of("key"), tag.text_of("value")))
                .collect(),
        })
        .collect())
}

/// A security group; none where EC2 answers without it.
pub(super) async fn security_group(aws: &SdkConfig, id: &str) -> Result<Option<SecurityGroup>, AwsFailure> {
    let answer = ask(aws, "DescribeSecurityGroups", &[("GroupId.1".to_owned(), id.to_owned())]).await?;
    let mut groups = answer.child("securityGroupInfo").into_iter().flat_map(|set| set.all("item"));
    let Some(group) = groups.find(|group| group.text_of("groupId") == id) else { return Ok(None) };
    let mut rules = group.child("ipPermissions").into_iter().flat_map(|set| set.all("item"));
    let lets_itself_in = rules.any(|rule| {
        let mut sources = rule.child("groups").into_iter().flat_map(|set| set.all("item"));
        rule.text_of("ipProtocol") == "-1" && sources.any(|source| source.text_of("groupId") == id)
    });
    Ok(Some(SecurityGroup { lets_itself_in }))
}

async fn ask(aws: &SdkConfig, action: &str, parameters: &[(String, String)]) -> Result<Element, AwsFailure> {
    let region = aws.region().map(|region| region.as_ref().to_owned()).unwrap_or_default();
    let endpoint = endpoint(aws, &region)?;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("Action", action)
        .append_pair("Version", VERSION)
        .extend_pairs(parameters)
        .finish();
    let mut pause = FIRST_PAUSE;
    for attempt in 1.. {
        let answer = send(aws, &endpoint, &region, &form).await;
        match answer {
            Err(failure) if failure.passes() && attempt < PATIENCE.most_attempts() => {
                tokio::time::sleep(pause).await;
                pause *= 3;
            }
            answer => return answer,
        }
    }
    Err(AwsFailure::failed("EC2 was not asked"))
}

fn endpoint(aws: &SdkConfig, region: &str) -> Result<Url, AwsFailure> {
    let named = std::env::var("AWS_ENDPOINT_URL_EC2").ok().filter(|url| !url.is_empty());
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let url = named
        .or_else(|| aws.endpoint_url().map(str::to_owned))
        .unwrap_or_else(|| format!("https://ec2.{region}.{suffix}"));
    url.parse().map_err(|error| AwsFailure::failed(&format!("the endpoint {url} is no address: {error}")))
}

async fn send(aws: &SdkConfig, endpoint: &Url, region: &str, form: &str) -> Result<Element, AwsFailure> {
    let headers = signed(aws, endpoint, region, form).await?;
    let unreachable = |error: crate::support::web::WebError| AwsFailure {
        kind: FailureKind::Unreachable,
        detail: error.to_string(),
    };
    let asking = Asking { authorization: None, headers: &headers };
    let web = Web::with_limits(PATIENCE.limits());
    let answer = web.change(http::Method::POST, endpoint, asking, form.as_bytes().to_vec()).await;
    let answer = answer.map_err(unreachable)?;
    let status = answer.status.as_u16();
    let text = answer.text(MOST_BYTES).await.map_err(unreachable)?;
    let parsed = parse(&text);
    if status < 400 {
        return parsed.ok_or_else(|| AwsFailure::failed("the answer is no XML"));
    }
    // EC2 has `<Response><Errors><Error>`.
    let error = parsed.as_ref().and_then(|answer| answer.child("Errors")?.child("Error"));
    let code = error.map(|error| error.text_of("Code"));
    let message = error.map(|error| error.text_of("Message"));
    Err(AwsFailure::of_answer(Some(status), code, message))
}

/// The headers of a signed request.
async fn signed(
    aws: &SdkConfig,
    endpoint: &Url,
    region: &str,
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
        .region(region)
        .name("ec2")
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
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    fn text_of(&self, name: &str) -> String {
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
        assert!(parse("<a><b></a>").is_none());
        assert!(parse("not found").is_none());
    }
}
