//! A tool as far as its questions to a provider go.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use h2::client::SendRequest;
use http::Request;
use slipway_providers::{Lease, Pool, Wanted};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The program of a provider of the bed.
fn program(name: &str) -> PathBuf {
    let folder = root().join(".tools/providers/registry.terraform.io/hashicorp").join(name);
    let version = std::fs::read_dir(&folder).into_iter().flatten().flatten().next();
    let programs = version.map(|version| version.path().join("linux_amd64")).map(std::fs::read_dir);
    let program = programs.and_then(Result::ok).into_iter().flatten().flatten().next();
    program.unwrap_or_else(|| panic!("no provider in {}; run `make setup`", folder.display())).path()
}

/// A provider of the bed, wanted by a tool that works in a folder.
pub fn wanted(name: &str, dir: &Path) -> Wanted {
    let environment =
        std::env::vars_os().filter(|(name, _)| ["PATH", "HOME"].iter().any(|kept| name == kept));
    Wanted {
        source: format!("registry.terraform.io/hashicorp/{name}"),
        program: program(name),
        identity: name.to_owned(),
        environment: environment.collect(),
        dir: dir.to_owned(),
        types: None,
    }
}

/// The provider `time` of the newer framework.
pub async fn time(pool: &Pool, dir: &Path) -> Lease {
    pool.serve(vec![wanted("time", dir)]).await.unwrap()
}

/// The provider of AWS, by the older development kit.
pub async fn aws(pool: &Pool, dir: &Path) -> Lease {
    pool.serve(vec![wanted("aws", dir)]).await.unwrap()
}

/// A field of a message.
pub fn message(place: u8, value: &[u8]) -> Vec<u8> {
    let mut field = vec![place << 3 | 2];
    let mut length = value.len();
    while length > 0x7f {
        field.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    field.push(u8::try_from(length).unwrap());
    [field.as_slice(), value].concat()
}

/// A value in `MessagePack`.
fn packed(value: &serde_json::Value) -> Vec<u8> {
    use serde_json::Value;
    let text = |text: &str| [&[0xd9, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let head = |kind: u8, length: usize| vec![kind, 0, u8::try_from(length).unwrap()];
    match value {
        Value::Null => vec![0xc0],
        Value::Bool(is_so) => vec![0xc2 + u8::from(*is_so)],
        Value::Number(number) => vec![u8::try_from(number.as_u64().unwrap()).unwrap()],
        Value::String(value) => text(value),
        Value::Array(values) => {
            values.iter().fold(head(0xdc, values.len()), |all, value| [all, packed(value)].concat())
        }
        Value::Object(values) => values
            .iter()
            .fold(head(0xde, values.len()), |all, (name, value)| [all, text(name), packed(value)].concat()),
    }
}

/// What of an answer is text.
pub fn text(answer: &[u8]) -> String {
    String::from_utf8_lossy(answer).into_owned()
}

/// A connection of a tool.
pub struct Asking {
    send: SendRequest<Bytes>,
}

impl Asking {
    /// A connection to the first provider that the variable names.
    pub async fn of(lease: &Lease) -> Self {
        let (name, value) = lease.variable();
        assert_eq!(name, "TF_REATTACH_PROVIDERS");
        let told: serde_json::Value = serde_json::from_str(value).unwrap();
        let provider = told.as_object().unwrap().values().next().unwrap();
        assert_eq!(provider["ProtocolVersion"], 5);
        let socket = provider["Addr"]["String"].as_str().unwrap();
        let stream = tokio::net::UnixStream::connect(socket).await.unwrap();
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        tokio::spawn(async move {
            let _ended = connection.await;
        });
        Self { send }
    }

    /// The same connection, for a second call at once.
    pub fn another(&self) -> Self {
        Self { send: self.send.clone() }
    }

    /// Asks; an error is what the answer says that there is none.
    pub async fn ask(&mut self, call: &str, message: &[u8]) -> Result<Vec<u8>, String> {
        let request = Request::post(format!("http://localhost/tfplugin5.Provider/{call}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(())
            .unwrap();
        let mut send = self.send.clone().ready().await.unwrap();
        let (response, mut body) = send.send_request(request, false).unwrap();
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        body.send_data([&[0], &length[..], message].concat().into(), true).unwrap();
        let response = response.await.map_err(|error| error.to_string())?;
        let headers = response.headers().clone();
        let mut body = response.into_body();
        let mut answer = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece.map_err(|error| error.to_string())?;
            body.flow_control().release_capacity(piece.len()).unwrap();
            answer.extend_from_slice(&piece);
        }
        let trailers = body.trailers().await.unwrap().unwrap_or(headers);
        match trailers["grpc-status"].to_str().unwrap() {
            "0" => Ok(answer.split_off(5)),
            status => Err(format!("{status}: {}", trailers["grpc-message"].to_str().unwrap())),
        }
    }

    /// The schema.
    pub async fn schema(&mut self) -> Vec<u8> {
        self.ask("GetSchema", &[]).await.unwrap()
    }

    /// Configures a provider that has nothing to be configured by, as a tool of a version.
    pub async fn configure(&mut self, version: &str) {
        let configuration = message(2, &message(1, &[0x80]));
        let answer = self.ask("Configure", &[message(1, version.as_bytes()), configuration].concat()).await;
        assert_eq!(text(&answer.unwrap()), "");
    }

    /// Configures the provider of AWS for a region, with nothing that would ask AWS.
    pub async fn configure_aws(&mut self, region: &str) {
        let given = serde_json::json!({
            "region": region,
            "access_key": "test",
            "secret_key": "test",
            "skip_credentials_validation": true,
            "skip_metadata_api_check": true,
            "skip_requesting_account_id": true,
        });
        let mut all = given.as_object().unwrap().clone();
        for name in [
            "allowed_account_ids",
            "forbidden_account_ids",
            "insecure",
            "max_retries",
            "profile",
            "s3_force_path_style",
            "shared_credentials_file",
            "skip_get_ec2_platforms",
            "skip_region_validation",
            "token",
        ] {
            all.insert(name.to_owned(), serde_json::Value::Null);
        }
        all.insert("skip_get_ec2_platforms".to_owned(), true.into());
        for name in ["assume_role", "default_tags", "endpoints", "ignore_tags"] {
            all.insert(name.to_owned(), serde_json::json!([]));
        }
        let configuration = message(2, &message(1, &packed(&serde_json::Value::Object(all))));
        let answer = self.ask("Configure", &[message(1, b"1.11.4"), configuration].concat()).await;
        assert_eq!(text(&answer.unwrap()), "");
    }

    /// The answer of the data source that tells the region.
    pub async fn region(&mut self) -> Vec<u8> {
        let given = serde_json::json!({ "id": null, "name": null, "endpoint": null, "description": null });
        let configuration = message(2, &message(1, &packed(&given)));
        self.ask("ReadDataSource", &[message(1, b"aws_region"), configuration].concat()).await.unwrap()
    }
}

/// Whether there is a process of that number, which has not ended.
pub fn lives(process: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// The processes that work in a folder.
pub fn processes_of(dir: &Path) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let works_there = |number: &u32| {
        std::fs::read_link(format!("/proc/{number}/cwd"))
            .is_ok_and(|folder| folder == dir.canonicalize().unwrap())
    };
    numbers.filter(works_there).collect()
}
